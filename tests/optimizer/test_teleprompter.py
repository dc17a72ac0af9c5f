"""The loop: what it asks, what it keeps, and that it leaves the student alone."""

import json
from typing import Any

import dspy
import pytest

from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer.gate import Verdict
from programs.optimizer.judge import Judge
from programs.optimizer.modes import MODES
from programs.optimizer.plugs import Moment, Plugs
from programs.optimizer.steps import Step, step_record, told_in_all
from programs.optimizer.teleprompter import TextualGradient
from programs.records.budget import Budget
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.tasks.task import Task
from signatures.records import Note
from tests.fake import FakeEngine, fake_lm, plain_score, rated_rows, rubric_in

PER_STEP = {  # K = 4, batch 3 (PAPER protocol): loss, gradient, rewrite
    "Single": (12, 12, 4),
    "SSS": (12, 12, 4),
    "SSC": (12, 12, 1),
    "SCC": (12, 3, 1),
    "CCC": (3, 3, 1),
}


def distinct_rows(task: Task, count: int) -> list[dspy.Example]:
    """Rows whose ratings of a criterion all differ to one decimal, so that no two requests of a step are identical."""
    rows = rated_rows(task.criterion_names, count)
    for place, row in enumerate(rows):
        for name in task.criterion_names:
            row[name] = 1 + place / 10
    return rows


def obedient_score(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
    """A judge that is right where its rubric says `good`, and arbitrary elsewhere."""
    if "good" not in rubric_in(system, name):
        return plain_score(name, system, user, levels)
    place, k = (
        int(user.split("text number ")[1].split()[0]),
        ["fluency", "relevance", "coherence", "consistency"].index(name),
    )
    return levels[(place * (k + 1) + k) % len(levels)]


def roles_of(engine: FakeEngine, calls: CallLog | None = None, budget: Budget | None = None) -> Roles:
    return Roles.of(dict.fromkeys(ROLES, fake_lm(engine)), calls=calls, budget=budget)


@pytest.mark.parametrize("mode", MODES)
def test_the_calls_of_a_step_are_the_papers(task: Task, mode: str) -> None:
    engine = FakeEngine()
    optimizer = TextualGradient(mode, steps=2, gate="none", keep="last")
    optimizer.search(Judge(task), trainset=distinct_rows(task, 12), roles=roles_of(engine))
    heads = 4 if mode == "Single" else 1
    counts = engine.counts()
    assert (counts["loss"], counts["gradient"], counts["rewrite"]) == tuple(2 * count for count in PER_STEP[mode])
    assert counts["judge"] == 2 * 3 * heads
    assert counts["rater"] == 0


def test_identical_requests_of_a_step_are_answered_once(task: Task) -> None:
    engine = FakeEngine(score=lambda *_: 3)
    rows = rated_rows(task.criterion_names, 3)
    for row in rows:
        row["fluency"] = 3.0
    calls = CallLog()
    optimizer = TextualGradient("SSS", steps=1, gate="none", keep="last")
    optimizer.search(Judge(task), trainset=rows, roles=roles_of(engine, calls))
    tally = calls.summary()["loss"]
    assert tally["calls"] + tally["reused"] == 12
    assert tally["calls"] == engine.counts()["loss"] < 12


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_finds_good_rubrics_through_the_gate(task: Task, mode: str) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"good rubric of {name}")
    steps: list[Step] = []
    optimizer = TextualGradient(mode, steps=2, on_step=steps.append)
    outcome = optimizer.search(
        Judge(task),
        trainset=rated_rows(task.criterion_names, 12),
        valset=rated_rows(task.criterion_names, 60, documents=20),
        roles=roles_of(engine),
    )
    assert outcome.judge.rubric == {name: f"good rubric of {name}" for name in task.criterion_names}
    assert [step.number for step in steps] == [0, 1, 2]
    assert all(verdict.kept for verdict in steps[1].verdicts)
    assert [verdict.reason for verdict in steps[2].verdicts] == ["unchanged"] * len(steps[2].verdicts)
    assert steps[1].validation == pytest.approx(dict.fromkeys(task.criterion_names, 1.0))


def test_a_worse_rewrite_is_rejected_and_the_next_step_starts_from_the_accepted_judge(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"worse rubric of {name}")
    start = Judge(task, rubric={name: f"good {name}" for name in task.criterion_names})
    steps: list[Step] = []
    outcome = TextualGradient("SSC", steps=2, on_step=steps.append).search(
        start,
        trainset=rated_rows(task.criterion_names, 12),
        valset=rated_rows(task.criterion_names, 60, documents=20),
        roles=roles_of(engine),
    )
    assert outcome.judge.rubric == start.rubric
    assert not any(verdict.kept for step in steps for verdict in step.verdicts)
    assert all("good fluency" in asked.user for asked in engine.of("rewrite"))


def test_single_decides_every_criterion_by_itself(task: Task) -> None:
    def rewrite(name: str, *_: Any) -> str:
        return f"good {name}" if name in ("fluency", "coherence") else f"worse {name}"

    engine = FakeEngine(score=obedient_score, rewrite=rewrite)
    start = Judge(task, rubric={"relevance": "good relevance", "consistency": "good consistency"})
    steps: list[Step] = []
    outcome = TextualGradient("Single", steps=1, on_step=steps.append).search(
        start,
        trainset=rated_rows(task.criterion_names, 12),
        valset=rated_rows(task.criterion_names, 60, documents=20),
        roles=roles_of(engine),
    )
    assert [verdict.kept for verdict in steps[1].verdicts] == [True, False, True, False]
    assert outcome.judge.rubric == {name: f"good {name}" for name in task.criterion_names}
    assert {group: chosen.step for group, chosen in outcome.chosen.items()} == {
        ("fluency",): 1,
        ("relevance",): 0,
        ("coherence",): 1,
        ("consistency",): 0,
    }


def spoil_after_first(name: str, system: str, user: str, levels: tuple[int, ...]) -> str:
    return f"good {name}" if "Rate from 1" in user else f"spoilt {name}"


@pytest.mark.parametrize(("keep", "kept"), [("best", "good"), ("last", "spoilt")])
def test_without_a_gate_the_best_or_the_last_is_kept(task: Task, keep: str, kept: str) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=spoil_after_first)
    outcome = TextualGradient("CCC", steps=3, gate="none", keep=keep).search(
        Judge(task),
        trainset=rated_rows(task.criterion_names, 12),
        valset=rated_rows(task.criterion_names, 60, documents=20),
        roles=roles_of(engine),
    )
    assert outcome.judge.rubric["fluency"] == f"{kept} fluency"


def test_the_choice_among_the_best_is_made_on_rows_the_gate_never_saw(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"good {name}")
    valset = rated_rows(task.criterion_names, 40, documents=40)
    TextualGradient("SSC", steps=1).search(
        Judge(task), trainset=rated_rows(task.criterion_names, 3), valset=valset, roles=roles_of(engine)
    )
    initial = [asked for asked in engine.of("judge") if "Rate from 1" in asked.system]
    seen = {number for asked in initial for number in [int(asked.user.split("number ")[1].split()[0])]}
    assert len(seen) == 40  # 20 for the gate, 20 reserved: both scored for the initial judge, one of the finalists


def test_the_student_is_left_alone_and_compile_returns_a_copy(task: Task) -> None:
    student = Judge(task)
    before = json.dumps(student.dump_state())
    with dspy.context(lm=fake_lm(FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"good {name}"))):
        compiled = TextualGradient("SSC", steps=1).compile(
            student,
            trainset=rated_rows(task.criterion_names, 6),
            valset=rated_rows(task.criterion_names, 40, documents=20),
        )
        assert compiled(text="text number 4")["fluency"] == 5
    assert compiled._compiled
    assert json.dumps(student.dump_state()) == before


def test_each_role_speaks_to_its_own_lm(task: Task) -> None:
    engines = {role: FakeEngine() for role in ("judge", "loss", "gradient", "rewrite")}
    lms = {f"{role}_lm": fake_lm(engine) for role, engine in engines.items()}
    with dspy.context(lm=fake_lm()):
        TextualGradient("SSC", steps=1, gate="none", keep="last", **lms).compile(
            Judge(task), trainset=rated_rows(task.criterion_names, 6)
        )
    assert all({asked.stage for asked in engine.asked} == {role} for role, engine in engines.items())


def test_plug_points_are_called_in_the_loop(task: Task) -> None:
    calls: list[str] = []

    def resolve(gradients, moment):  # type: ignore[no-untyped-def]
        calls.append("resolve")
        separate = moment.backward([("fluency",)])
        assert {note.group for note in separate} == {("fluency",)}
        return separate

    def constrain(rubric, gradients, moment):  # type: ignore[no-untyped-def]
        calls.append("constrain")
        assert {note.group for note in gradients} == {("fluency",)}
        return {name: text.upper() for name, text in rubric.items()}

    def accept(before, after, group):  # type: ignore[no-untyped-def]
        calls.append("accept")
        return Verdict(group, True, "always", {}, {})

    engine = FakeEngine()
    plugs = Plugs(resolve=resolve, constrain=constrain)
    outcome = TextualGradient("CCC", steps=1, plugs=plugs, accept=accept, keep="last").search(
        Judge(task),
        trainset=rated_rows(task.criterion_names, 3),
        valset=rated_rows(task.criterion_names, 10),
        roles=roles_of(engine),
    )
    assert calls == ["resolve", "constrain", "accept"]
    assert outcome.judge.rubric["fluency"].startswith("FLUENCY RUBRIC")
    assert all("(fluency)" in asked.user for asked in engine.of("rewrite"))


def test_one_or_many_threads_find_the_same(task: Task) -> None:
    def run(threads: int) -> str:
        steps: list[Step] = []
        optimizer = TextualGradient(
            "SSS", steps=3, gate="mae", accept="not_worse", threads=threads, on_step=steps.append
        )
        optimizer.search(
            Judge(task),
            trainset=rated_rows(task.criterion_names, 20),
            valset=rated_rows(task.criterion_names, 20, documents=10),
            roles=roles_of(FakeEngine()),
        )
        return json.dumps([step_record(step) for step in steps])

    assert run(1) == run(16)


def test_a_reached_budget_keeps_the_best_so_far(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"good {name}")
    outcome = TextualGradient("SSC", steps=5).search(
        Judge(task),
        trainset=rated_rows(task.criterion_names, 12),
        valset=rated_rows(task.criterion_names, 40, documents=20),
        roles=roles_of(engine, budget=Budget(calls=90)),
    )
    assert outcome.stopped == "budget"
    assert len(engine.asked) <= 90
    assert outcome.judge.rubric["fluency"] == "good fluency"


def test_a_gate_without_validation_rows_is_refused(task: Task) -> None:
    with pytest.raises(UserError, match="validation rows"), dspy.context(lm=fake_lm()):
        TextualGradient("SSC").compile(Judge(task), trainset=rated_rows(task.criterion_names, 6))


def test_rows_need_no_ids(task: Task) -> None:
    rows = [row.without("row_id", "document_id", "split") for row in rated_rows(task.criterion_names, 20)]
    with dspy.context(lm=fake_lm()):
        TextualGradient("SSC", steps=1).compile(Judge(task), trainset=rows[:6], valset=rows[6:])


def test_what_a_plug_tells_stands_in_the_step_and_in_the_sum(task: Task) -> None:
    def resolve(gradients: list[Note], moment: Moment) -> list[Note]:
        moment.told["resolve"] = {"fired": len(gradients), "why": "a test"}
        return gradients

    steps: list[Step] = []
    optimizer = TextualGradient("CCC", steps=2, gate="none", keep="last", plugs=Plugs(resolve=resolve))
    optimizer.on_step = steps.append
    optimizer.search(Judge(task), trainset=distinct_rows(task, 12), roles=roles_of(FakeEngine()))
    assert step_record(steps[1])["told"] == {"resolve": {"fired": 3, "why": "a test"}}
    assert "told" not in step_record(steps[0])
    assert told_in_all(steps) == {"resolve": {"fired": 6}}
