"""The main job with the real embedded model, at small sizes, on the bundled sample."""

import csv
import json
import sys
from pathlib import Path

import pytest

from programs import command, optimize, score

pytestmark = pytest.mark.local
SIZES = {"train-size": 3, "val-size": 4, "test-size": 4, "steps": 1, "batch-size": 1, "reserve": 0}
SMALL = [part for flag, value in SIZES.items() for part in (f"--{flag}", value)]


def run(main, *arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    with pytest.raises(SystemExit) as raised:
        command.run(main)
    return int(raised.value.code or 0)


@pytest.mark.parametrize("mode", ["SSC", "CCC"])
def test_a_mode_runs_to_the_end(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [*SMALL, "--mode", mode, "--run", "one", "--runs-dir", tmp_path, "--threads", 4]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    for cell in (*summary["before"]["coverage"].values(), *summary["after"]["coverage"].values()):
        assert (cell["rows"], cell["scored"]) == (4, 4)
    assert summary["calls"]["judge"]["prompt_tokens"] > summary["calls"]["judge"]["cached_prompt_tokens"] > 0
    (step,) = [json.loads(line) for line in (tmp_path / "one" / "steps.jsonl").read_text().splitlines()][1:]
    assert step["losses"]
    assert step["gradients"]
    assert summary["calls"]["rewrite"]["calls"] == 1
    assert step["proposal"]
    assert all(len(rubric.split()) >= 5 for rubric in step["proposal"].values()), step["proposal"]


def test_a_compiled_judge_scores_new_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [*SMALL, "--steps", 0, "--run", "one", "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    texts = tmp_path / "texts.csv"
    texts.write_text("message,reply\nWhere is my parcel?,It left on Monday.\nIs the pool heated?,Yes it is.\n")
    out = tmp_path / "scored.csv"
    assert run(score.main, tmp_path / "one", "--data", texts, "--out", out, monkeypatch=monkeypatch) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:2] == ["message", "reply"]
    assert all(row[f"{name}_score"] in set("12345") for row in rows for name in ("polite", "fluent"))
    assert all(0 <= float(row[f"{name}_confidence"]) <= 1 for row in rows for name in ("polite", "fluent"))
