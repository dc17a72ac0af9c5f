"""Remedies together: each has tests of its own, and these are of what one does where another is on too."""

import json
from collections import Counter
from pathlib import Path

import pytest

from programs import evaluate, optimize
from programs.optimizer.saved import load_judge
from tests.commands import own_task, run
from tests.fake import DoubtfulEngine, fake_lm

SIZES = ["--train-size", 12, "--val-size", 12, "--test-size", 16, "--steps", 2, "--batch-size", 3, "--run", "one"]

TOGETHER = {
    "the judge": "--anchors 2 --calibrate isotonic --readout expected --judge isolated --gate mae --accept not_worse",
    "its turns": "--anchors 2 --calibrate isotonic --order rotate --batch hard --constrain length --eval-every 1",
    "its end": "--calibrate cutpoints --anchors 2 --merge greedy --gate-by criterion --reserve 0 --adapter chat",
    "the critics": "--mode SCC --loss pairs --notes per-field --resolve router --schedule coordinate --race on",
    "the conflict": "--mode CCC --resolve cagrad --edit-noise 0 --probe-rows 3 --loss pairs --calibrate isotonic",
    "a peer": "--optimizer gepa --anchors 2 --calibrate isotonic --readout expected",
    "a control": "--control shuffled --anchors 2 --calibrate isotonic --batch hard --order search --accept not_worse",
}


@pytest.mark.parametrize("flags", TOGETHER.values(), ids=TOGETHER)
def test_a_run_ends_within_its_estimate_pays_for_nothing_twice_and_leaves_a_judge_that_works(
    flags: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = DoubtfulEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    arguments = [*own_task(table), *SIZES, *flags.split(), "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert all(tally["calls"] <= summary["estimate"][role] for role, tally in summary["calls"].items())
    assert sum(tally["calls"] for tally in summary["calls"].values()) == len(engine.asked)
    asked = Counter((str(each.request.system), str(each.request.messages), str(each.request.config))
                    for each in engine.asked)  # fmt: skip
    assert max(asked.values()) == 1
    run(optimize.main, "--resume", tmp_path / "one", monkeypatch=monkeypatch)
    assert sum(asked.values()) == len(engine.asked)
    engine.asked.clear()
    assert run(evaluate.main, tmp_path / "one", "--data", table, "--lm", "fake", monkeypatch=monkeypatch) == 0
    assert 0 < len(engine.asked) <= 60 * load_judge(tmp_path / "one").calls_per_row
