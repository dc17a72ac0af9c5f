"""The gate by criterion: which part of a rewrite is kept, that it is judged itself, and what that costs."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from programs import optimize
from programs.errors import UserError
from programs.optimizer.gate_by import by_criterion
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Plugs
from programs.optimizer.steps import Step, step_record, told_in_all
from programs.optimizer.teleprompter import TextualGradient
from programs.records.calls import CallLog
from programs.tasks.task import Task
from tests.commands import own_task, run
from tests.fake import Answer, FakeEngine, fake_lm, rated_rows
from tests.optimizer.test_schedule import SIZES
from tests.optimizer.test_teleprompter import obedient_score, roles_of

ROWS = 30
START = {"relevance": "good relevance", "consistency": "good consistency"}


def one_step(task: Task, engine: FakeEngine, **options: Any) -> tuple[Judge, Step, CallLog]:
    """One step of SSC by criterion, from a judge that is right on relevance and consistency."""
    steps: list[Step] = []
    calls = CallLog()
    mode, start = options.pop("mode", "SSC"), options.pop("start", START)
    optimizer = TextualGradient(
        mode, steps=1, keep="last", plugs=Plugs(consider=by_criterion), on_step=steps.append, **options
    )
    outcome = optimizer.search(
        Judge(task, rubric=start),
        trainset=rated_rows(task.criterion_names, 6),
        valset=rated_rows(task.criterion_names, ROWS, documents=15),
        roles=roles_of(engine, calls),
    )
    return outcome.judge, steps[1], calls


def rewriting(**texts: str) -> Answer:
    return lambda name, *_: texts.get(name, f"worse {name}")


def test_what_improves_its_own_criterion_is_kept_and_judged_without_the_rest(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=rewriting(fluency="good fluency", coherence="good coherence"))
    judge, step, calls = one_step(task, engine)
    assert judge.rubric == {**START, "fluency": "good fluency", "coherence": "good coherence"}
    assert step.verdicts[0].kept
    assert step.verdicts[0].group == task.criterion_names
    assert set(step.proposal) == {*task.criterion_names}  # as it was written
    prompts = Counter(asked.system for asked in engine.of("judge"))
    assert sorted(prompts.values()) == [ROWS] * 3  # the start, all, the part
    told = step_record(step)["told"]["gate_by"]  # type: ignore[index]
    assert (told["proposed"], told["dropped"]) == (4, 2)
    assert {name for name, verdict in told["criteria"].items() if verdict["kept"]} == {"fluency", "coherence"}
    assert told_in_all([step]) == {"gate_by": {"proposed": 4, "dropped": 2}}
    assert calls.summary()["judge"]["skipped"] == 0


def test_a_part_that_hurts_another_criterion_is_refused(task: Task) -> None:
    def loud(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
        hurt = name == "relevance" and "loud" in system and "worse relevance" not in system
        return levels[len(user) % 2] if hurt else obedient_score(name, system, user, levels)

    gains = {"fluency": "good loud fluency", "coherence": "good coherence", "consistency": "good as ever"}
    judge, step, _ = one_step(task, FakeEngine(score=loud, rewrite=rewriting(**gains)))
    assert judge.rubric_of(("fluency", "coherence")) == Judge(task).rubric_of(("fluency", "coherence"))
    (verdict,) = step.verdicts
    assert (verdict.kept, verdict.reason) == (False, "relevance got worse")
    assert verdict.difference is not None
    assert verdict.difference > 0  # the mean alone would have kept it


@pytest.mark.parametrize(("texts", "kept"), [("good", True), ("poor", False)])
def test_all_or_nothing_asks_nothing_more(task: Task, texts: str, kept: bool) -> None:
    gains = {name: f"{texts} {name}, anew" for name in ("fluency", "coherence")}
    same = dict(START) if kept else {}
    engine = FakeEngine(score=obedient_score, rewrite=rewriting(**gains, **same))
    start = START if kept else {name: f"good {name}" for name in task.criterion_names}
    _, step, calls = one_step(task, engine, start=start)
    (verdict,) = step.verdicts
    assert verdict.kept is kept
    assert engine.counts()["judge"] == 2 * ROWS
    tally = calls.summary()["judge"]
    assert tally["skipped"] + tally["reused"] == ROWS + 3  # and the batch, which is among these rows
    if not kept:
        assert verdict.reason == "no criterion improved"
        assert verdict.after.keys() == {*task.criterion_names}


def test_heads_of_one_criterion_are_judged_as_ever(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=rewriting(fluency="good fluency"))
    start = {**START, "coherence": "good coherence"}
    judge, step, calls = one_step(task, engine, mode="Single", start=start)
    assert [verdict.kept for verdict in step.verdicts] == [True, False, False, False]
    assert judge.rubric["fluency"] == "good fluency"
    assert not step.told
    assert calls.summary()["judge"]["skipped"] == 0


def test_a_race_is_refused(task: Task) -> None:
    looks = {"race": True, "gate": "mae"}
    with pytest.raises(UserError, match="--race off"):
        one_step(task, FakeEngine(), **looks)


@pytest.mark.parametrize(
    "flags", [["--mode", "SSC"], ["--mode", "Single"], ["--mode", "CCC", "--schedule", "coordinate"]]
)
def test_the_estimate_knows(flags: list[str], table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for reuse in ("off", "on"):
        engine, folder = FakeEngine(), tmp_path / reuse / "one"
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, engine=engine, **__: fake_lm(engine))
        runs = ["--runs-dir", tmp_path / reuse, "--reuse", reuse, "--gate-by", "criterion"]
        own = [*own_task(table), *SIZES, "--gate", "mae", "--accept", "not_worse", *flags]
        assert run(optimize.main, *own, *runs, monkeypatch=monkeypatch) == 0
        summary = json.loads((folder / "summary.json").read_text())
        tally = summary["calls"]["judge"]
        assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"]["judge"]
        assert reuse == "on" or engine.counts()["judge"] == summary["estimate"]["judge"]
