"""interference.py on a fake LM: what was planted is found, and nothing where nothing was planted."""

import json
from pathlib import Path
from typing import Any

from tests.studies.interference.conftest import Measure
from tests.studies.interference.planted import PlantedEngine


def result(path: Path, selection: str = "validation") -> dict[str, Any]:
    (found,) = [
        one
        for one in json.loads((path / "interference.json").read_text())["experiments"]
        if one["selection"] == selection
    ]
    return found


def test_first(path: Path, engine: PlantedEngine, measure: Measure, capsys) -> None:
    assert measure("--yes") == 0
    print(capsys.readouterr())
    print(json.dumps(result(path), indent=1))
    assert 0
