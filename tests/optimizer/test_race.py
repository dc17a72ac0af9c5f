"""The gate as a race: when it stops, what that costs, and that nothing planned goes uncounted."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dspy
import numpy as np
import pytest

from metrics.sequential import bounds
from programs.errors import UserError
from programs.optimizer.gate import accepting
from programs.optimizer.incumbent import Incumbent
from programs.optimizer.judge import Judge
from programs.optimizer.outcome import Outcome
from programs.optimizer.race import race
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.records.calls import CallLog
from programs.tasks.task import Task
from tests.fake import FakeEngine, rated_rows
from tests.optimizer.test_teleprompter import obedient_score, roles_of

ROWS = 48


def looks_of(rows: list[dspy.Example]) -> list[Any]:
    return race(lambda over: accepting("spearman", "probable", over), 0.8, rows)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5])
def test_a_race_of_equals_is_won_as_often_as_stated(alpha: float) -> None:
    shares = (0.25, 0.375, 0.5, 0.75, 1.0)
    steps = np.diff([0.0, *shares])
    scores = np.cumsum(np.random.default_rng(0).standard_normal((40_000, 5)) * np.sqrt(steps), axis=1)
    running, won = np.ones(len(scores), bool), np.zeros(len(scores), bool)
    for place, (share, bound) in enumerate(zip(shares, bounds(shares, alpha), strict=True)):
        chance = normal_cdf(scores[:, place] / np.sqrt(share))
        won |= running & (chance > bound.high)
        running &= (chance <= bound.high) & (chance >= bound.low)
    assert won.mean() == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / len(scores)) + 0.003)


def normal_cdf(values: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return np.asarray(ndtr(values))


def test_bounds_for_looks_that_do_not_end_at_all_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="rise to 1"):
        bounds((0.5, 0.4, 1.0), 0.2)
    with pytest.raises(ValueError, match="rise to 1"):
        bounds((0.5,), 0.2)


def test_looks_end_with_a_document_and_few_documents_are_no_race(task: Task) -> None:
    rows = sorted(rated_rows(task.criterion_names, 200, documents=50), key=lambda row: row["document_id"])
    ends = [look.rows for look in looks_of(rows)]
    assert ends == [48, 76, 100, 148, 200]
    assert [look.rows for look in looks_of(rows[:44])] == [44]


def test_a_race_by_another_rule_is_refused() -> None:
    with pytest.raises(UserError, match="--accept probable"):
        TextualGradient(accept="not_worse", race=True).looks([])


def searched(
    task: Task, engine: FakeEngine, calls: CallLog, mode: str = "SSC", **settings: Any
) -> tuple[Outcome, list[Step]]:
    steps: list[Step] = []
    rows = rated_rows(task.criterion_names, 2 * ROWS, documents=2 * ROWS)
    for place, row in enumerate(rows):
        row["text"] = f"text number {place} of many"
    optimizer = TextualGradient(mode, race=True, threads=1, on_step=steps.append, **{"steps": 3, **settings})
    outcome = optimizer.search(
        Judge(task),
        trainset=rated_rows(task.criterion_names, 12),
        valset=rows,
        roles=roles_of(engine, calls),
    )
    return outcome, steps


def numbered_rewrites() -> Any:
    """A rewriter that writes another rubric every time."""
    numbers: Iterator[int] = iter(range(1, 1000))
    return lambda name, *_: f"{next(numbers)} are the words for {name}"


def test_a_rewrite_that_changes_no_score_stops_at_the_first_look(task: Task) -> None:
    engine = FakeEngine(score=lambda name, system, user, levels: levels[len(user) * 7 % 5], rewrite=numbered_rewrites())
    calls = CallLog()
    _, steps = searched(task, engine, calls)
    assert [verdict.rows for step in steps for verdict in step.verdicts] == [12, 12, 12]
    assert not any(verdict.kept for step in steps for verdict in step.verdicts)
    assert engine.counts()["judge"] == 9 + ROWS + 3 * 12  # batches, the initial judge, three rewrites


@pytest.mark.parametrize("mode", ["Single", "CCC"])
def test_a_clear_winner_is_kept_early_and_its_other_rows_are_judged_only_when_needed(task: Task, mode: str) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"good {name}")
    calls = CallLog()
    outcome, steps = searched(task, engine, calls, mode)
    assert {verdict.rows for verdict in steps[1].verdicts} == {12}
    assert all(verdict.kept for verdict in steps[1].verdicts)
    assert outcome.judge.rubric == {name: f"good {name}" for name in task.criterion_names}
    told = [asked for asked in engine.of("judge") if "good fluency" in asked.system]
    assert len({asked.user for asked in told}) <= 12 + ROWS + 6  # its first look, the reserved rows, two batches


def test_without_reserved_rows_the_best_is_chosen_on_all_of_the_gates(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=lambda name, *_: f"good {name}")
    outcome, steps = searched(task, engine, CallLog(), "CCC", reserve=0.0)
    assert steps[1].verdicts[0].rows == 24
    told = {asked.user for asked in engine.of("judge") if "good fluency" in asked.system}
    assert len(told & {asked.user for asked in engine.of("judge") if "Rate from 1" in asked.system}) >= 2 * ROWS
    assert outcome.chosen[task.criterion_names].step == 1


@pytest.mark.parametrize("mode", ["Single", "SSC"])
@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize("reserve", [0.0, 0.5])
def test_what_was_planned_is_sent_or_reused_or_skipped(task: Task, mode: str, reuse: bool, reserve: float) -> None:
    engine = FakeEngine(score=half_good, rewrite=numbered_rewrites())
    calls = CallLog(reuse=reuse)
    _, steps = searched(replace(task, criteria=task.criteria[1::2]), engine, calls, mode, steps=4, reserve=reserve)
    tally = calls.summary()["judge"]
    heads = 2 if mode == "Single" else 1
    gated = ROWS if reserve else 2 * ROWS
    planned = heads * (4 * 3 + 5 * gated + 3 * (2 * ROWS - gated))
    assert tally["calls"] + tally["reused"] + tally["skipped"] == planned
    assert tally["calls"] == engine.counts()["judge"]
    assert (tally["skipped"] > 0) is reuse
    kept = [verdict.kept for step in steps for verdict in step.verdicts]
    assert any(kept)
    assert not all(kept)


def half_good(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
    """A judge that is right on some rows, on more of them the later its rubric's number in the first ten."""
    number = next((int(word) for word in system.split() if word.isdigit()), 0)
    right = int(user.split("text number ")[1].split()[0]) % 10 < min(number, 20 - number)
    return obedient_score(name, f"{name} (1-5): good", user, levels) if right else levels[hash_of(user, number) % 5]


def hash_of(*content: object) -> int:
    import zlib

    return zlib.crc32(str(content).encode())


def test_an_unchanged_rewrite_costs_no_judgement(task: Task) -> None:
    engine = FakeEngine(rewrite=lambda name, *_: "Rate from 1 to 5.")
    calls = CallLog()
    searched(task, engine, calls)
    assert engine.counts()["judge"] == 9 + ROWS
    assert calls.summary()["judge"]["skipped"] == 3 * ROWS + 3 * ROWS  # the rewrites, and the finalists


def test_the_incumbent_of_no_rows_judges_nothing(task: Task) -> None:
    outcome = Incumbent(Judge(task), (), lambda judge, rows: [], "spearman").outcome("last")
    assert outcome.judge.rubric == Judge(task).rubric
