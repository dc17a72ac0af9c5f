"""DSPy's own optimizers as runs of optimize.py, end to end on the fake engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from programs import optimize
from programs.settings import OPTIMIZERS
from tests.commands import own_task, run
from tests.fake import FakeEngine

PEERS = OPTIMIZERS[1:]
SIZES = ["--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "4"]
Start = Callable[..., int]


@pytest.fixture
def start(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Runs optimize.py into the folder `one` (or --run) and gives its exit code."""
    runs = ["--runs-dir", str(tmp_path / "runs")]
    return lambda *arguments: run(optimize.main, *own_task(table), *SIZES, *runs, *arguments, monkeypatch=monkeypatch)


def summary_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_runs_to_the_end(name: str, start: Start, tmp_path: Path, engine: FakeEngine, capsys: Any) -> None:
    assert start("--optimizer", name, "--run", "one") == 0
    print(
        summary_of(tmp_path / "runs" / "one")["method"],
        summary_of(tmp_path / "runs" / "one")["calls"],
        summary_of(tmp_path / "runs" / "one")["estimate"],
    )
    print(len(engine.asked), engine.counts())
    print((tmp_path / "runs" / "one" / "steps.jsonl").read_text())
    a = engine.of("rewrite")
    for x in a[:4]:
        print(x.system, x.user, "\n----")
    assert 0
