"""The study command end to end, in this process, on a fake engine."""

import json
from pathlib import Path

from tests.fake import FakeEngine

LISTS = ["--modes", "Single,SSC,CCC", "--gates", "none,mae", "--seeds", "0,1", "--yes"]


def summaries(study: Path) -> dict[str, dict]:
    return {path.parent.name: json.loads(path.read_text()) for path in sorted(study.glob("cells/*/summary.json"))}


def test_every_cell_is_a_run_of_its_own(base, tmp_path, engine: FakeEngine, start) -> None:  # type: ignore[no-untyped-def]
    assert start(*base, *LISTS) == 0
    found = summaries(tmp_path / "runs" / "one")
    assert len(found) == 12
    assert set(found) >= {"custom-SSC-mae-0", "custom-Single-none-1"}
    assert all(summary["stopped"] is None for summary in found.values())
    assert {path.name for path in (tmp_path / "runs" / "one").iterdir()} >= {"study.json", "tables.md", "tables.csv"}
