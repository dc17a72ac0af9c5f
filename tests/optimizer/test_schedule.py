"""One criterion a step: who is asked about what, and that the estimate knows."""

import json
from collections import Counter
from pathlib import Path

import pytest

from programs import optimize
from programs.optimizer.judge import Judge
from programs.optimizer.part import of_criteria
from programs.optimizer.plugs import Plugs
from programs.optimizer.schedule import in_turn, weakest_first
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.tasks.task import Task
from tests.commands import own_task, run
from tests.fake import FakeEngine, fake_lm, rated_rows
from tests.optimizer.test_teleprompter import distinct_rows, obedient_score, roles_of

COORDINATE = Plugs(schedule=in_turn)
SIZES = ["--train-size", 6, "--val-size", 10, "--test-size", 4, "--steps", 3, "--run", "one"]


def test_the_weakest_comes_first_and_what_has_no_value_before_it() -> None:
    values = {"a": 0.5, "b": -0.2, "c": None, "d": -0.2}
    assert weakest_first(values, "spearman", ("a", "b", "c", "d")) == ("c", "b", "d", "a")
    assert weakest_first(values, "mae", ("a", "b", "c", "d")) == ("c", "a", "b", "d")
    assert weakest_first({}, "mae", ("b", "a")) == ("b", "a")


@pytest.mark.parametrize("mode", ["Single", "SSS", "CCC"])
def test_a_step_asks_about_one_criterion_and_changes_one_rubric(task: Task, mode: str) -> None:
    engine, steps = FakeEngine(), []
    optimizer = TextualGradient(mode, steps=5, gate="none", keep="last", plugs=COORDINATE, on_step=steps.append)
    optimizer.search(Judge(task), trainset=distinct_rows(task, 15), roles=roles_of(engine))
    counts = engine.counts()
    assert (counts["loss"], counts["gradient"], counts["rewrite"], counts["judge"]) == (15, 15, 5, 15)
    order = [*task.criterion_names, task.criterion_names[0]]
    assert [tuple(step.proposal) for step in steps[1:]] == [(name,) for name in order]
    for before, step, name in zip(steps, steps[1:], order, strict=False):
        changed = [each for each in task.criterion_names if before.judge.rubric[each] != step.judge.rubric[each]]
        assert changed == [name]
    shown = [asked.user for stage in ("loss", "gradient", "rewrite") for asked in engine.of(stage)]
    assert all(sum(name in text for name in task.criterion_names) == 1 for text in shown)


def test_a_joint_prompt_holds_the_others_as_they_were(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"good {name}")
    steps: list[Step] = []
    optimizer = TextualGradient("SSC", steps=2, accept="not_worse", plugs=COORDINATE, on_step=steps.append)
    rows = rated_rows(task.criterion_names, 60, documents=20)
    outcome = optimizer.search(
        Judge(task), trainset=rated_rows(task.criterion_names, 9), valset=rows, roles=roles_of(engine)
    )
    first, second = weakest_first(steps[0].validation, "spearman", task.criterion_names)[:2]
    assert all(step.verdicts[0].group == task.criterion_names for step in steps[1:])  # judged with the others
    assert set(steps[1].proposal) == {first}
    assert set(steps[2].proposal) == {second}
    kept = {name for name, text in outcome.judge.rubric.items() if text.startswith("good")}
    assert kept == {first, second}
    asked = {tuple(f"good {name}" in each.system for name in (first, second)) for each in engine.of("judge")}
    assert asked == {(False, False), (True, False), (True, True)}


def test_a_part_of_a_judge_asks_what_the_whole_does(task: Task) -> None:
    groups = [("fluency", "coherence"), ("relevance",), ("consistency",)]
    whole = Judge(task, groups, {"fluency": "good"})
    whole.heads[1].demos = [{"text": "a", "relevance": 3}]
    assert of_criteria(Judge(task), ("fluency",)).groups == (task.criterion_names,)
    part = of_criteria(whole, ("relevance", "coherence"))
    assert part.groups == (("fluency", "coherence"), ("relevance",))
    assert part.task.criterion_names == ("fluency", "relevance", "coherence")
    assert [head.dump_state() for head in part.heads] == [head.dump_state() for head in whole.heads[:2]]


@pytest.mark.parametrize("mode", ["Single", "SSS", "CCC"])
def test_the_estimate_knows_and_a_resumed_run_asks_nothing(
    mode: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [*own_task(table), *SIZES, "--mode", mode, "--gate", "mae", "--accept", "not_worse"]
    for reuse in ("off", "on"):
        engine, folder = FakeEngine(), tmp_path / reuse / "one"
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, engine=engine, **__: fake_lm(engine))
        runs = ["--runs-dir", tmp_path / reuse, "--reuse", reuse]
        assert run(optimize.main, *flags, *runs, "--schedule", "coordinate", monkeypatch=monkeypatch) == 0
        summary = json.loads((folder / "summary.json").read_text())
        for role, planned in summary["estimate"].items():
            tally = Counter(summary["calls"].get(role, {}))
            assert tally["calls"] + tally["reused"] + tally["skipped"] == planned, role
            assert reuse == "on" or tally["calls"] == engine.counts()[role] == planned
        (folder / "summary.json").unlink()
        written, asked = (folder / "steps.jsonl").read_bytes(), len(engine.asked)
        resume = ["--runs-dir", tmp_path / reuse, "--resume", "one", "--threads", 1]
        assert run(optimize.main, *resume, monkeypatch=monkeypatch) == 0
        assert (folder / "steps.jsonl").read_bytes() == written
        assert len(engine.asked) == asked
