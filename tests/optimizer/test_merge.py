"""Merging: what is tried and kept, that the reserved rows decide, what it costs, and which judges are saved."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics.scores import Scores
from programs import optimize
from programs.optimizer.judge import Judge
from programs.optimizer.judged import Judged
from programs.optimizer.keep import Candidate, finalists, keep_best, rescorings
from programs.optimizer.merge import Merge, next_move
from programs.optimizer.plugs import Plugs
from programs.optimizer.saved import load_judge
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.optimizer.tried import Tried
from programs.records.calls import CallLog
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.commands import own_task, run
from tests.fake import FakeEngine, fake_lm, rated_rows
from tests.optimizer.test_gate_by import START
from tests.optimizer.test_schedule import SIZES
from tests.optimizer.test_teleprompter import obedient_score, roles_of

ROWS = 24


def merged(task: Task, engine: FakeEngine, tries: int | None = None, **options: Any) -> tuple[Any, list[Step], CallLog]:
    steps: list[Step] = []
    calls = CallLog(reuse=options.pop("reuse", True))
    optimizer = TextualGradient("SSC", steps=1, plugs=Plugs(merge=Merge(True, tries)), on_step=steps.append, **options)
    outcome = optimizer.search(
        Judge(task, rubric=START),
        trainset=rated_rows(task.criterion_names, 6),
        valset=rated_rows(task.criterion_names, 2 * ROWS, documents=2 * ROWS),
        roles=roles_of(engine, calls),
    )
    return outcome, steps, calls


def rewrite(name: str, *_: Any) -> str:
    return f"good {name}" if name == "fluency" else f"worse {name}"


def test_a_refused_rewrites_good_rubric_is_kept_when_it_is_good_among_the_others(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=rewrite)
    outcome, steps, calls = merged(task, engine)
    assert not steps[1].verdicts[0].kept
    assert outcome.judge.rubric["fluency"] == "good fluency"
    assert outcome.judge.rubric_of(tuple(START)) == START
    assert steps[2].number == 2
    told = steps[2].told["merge"]
    assert told["moves"][0] | {"gain": 0} == {"criterion": "fluency", "step": 1, "gain": 0, "kept": True}
    assert told["tried"] <= 4
    (chosen,) = outcome.chosen.values()
    assert chosen.step == 2
    assert chosen.reserved is not None  # rows that chose none of it
    tally = calls.summary()["judge"]
    assert tally["calls"] == engine.counts()["judge"]
    planned = 3 + 2 * ROWS + 2 * ROWS + (4 + 1) * ROWS + ROWS
    assert tally["calls"] + tally["reused"] + tally["skipped"] == planned


def test_the_reserved_rows_may_refuse_what_was_merged(task: Task) -> None:
    rows = rated_rows(task.criterion_names, 2 * ROWS, documents=2 * ROWS)
    reserved = {int(row["row_id"]) for row in TextualGradient("SSC").validation(rows)[1]}

    def lucky(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
        """The good rubric of fluency is right on the gate's rows only."""
        place = int(user.split("text number ")[1].split()[0])
        if name == "fluency" and place in reserved and "good fluency" in system:
            return levels[4 - place % 5]
        return obedient_score(name, system, user, levels)

    outcome, steps, _ = merged(task, FakeEngine(score=lucky, rewrite=rewrite))
    assert steps[2].told["merge"]["moves"][0]["criterion"] == "fluency"
    assert steps[2].judge.rubric["fluency"] == "good fluency"
    assert outcome.judge.rubric["fluency"] != "good fluency"


@pytest.mark.parametrize(("tries", "reuse"), [(1, True), (2, False)])
def test_tries_are_bounded_and_what_is_not_needed_is_counted(task: Task, tries: int, reuse: bool) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=rewrite)
    _, steps, calls = merged(task, engine, tries, reuse=reuse)
    assert steps[2].told["merge"]["tried"] <= tries
    tally = calls.summary()["judge"]
    planned = 3 + 2 * ROWS + 2 * ROWS + (tries + 1) * ROWS + ROWS
    assert tally["calls"] + tally["reused"] + tally["skipped"] == planned
    assert reuse or tally["calls"] == engine.counts()["judge"] == planned


def column(values: Any, *criteria: Criterion) -> Scores:
    human = np.tile([1.0, 2.0, 3.0, 4.0], 3)
    return Scores(criteria, np.column_stack([human] * len(criteria)), np.array(values, dtype=float))


def test_the_next_move_is_the_largest_gain_on_the_same_rows(task: Task) -> None:
    rows = rated_rows(task.criterion_names, 12)
    criteria = task.criteria

    class Known(Judged):
        def scores(self, count: int | None = None) -> Scores:
            right = np.tile([1.0, 2.0, 3.0, 4.0], 3)
            noise = np.tile([2.0, 1.0, 3.0, 4.0], 3)
            found = column(np.column_stack([noise, noise, right, right]), *criteria)
            return found.rows(range(12 if count is None else count))

    current = Known(Judge(task), rows)
    right, wrong = np.tile([1.0, 2.0, 3.0, 4.0], 3), np.tile([4.0, 3.0, 2.0, 1.0], 3)
    archive = [
        Tried(
            1,
            {name: f"{name} 1" for name in task.criterion_names},
            column([[w, r, w, r] for w, r in zip(wrong, right, strict=True)], *criteria),
        ),
        Tried(
            2, {name: f"{name} 2" for name in task.criterion_names}, column([[r, r, r, r] for r in right], *criteria)
        ),
    ]
    first = next_move(current, archive, set(), "spearman")
    assert first is not None
    assert (first.name, first.step) == ("relevance", 1)  # as good as fluency 2, and earlier
    second = next_move(current, archive, {("relevance", "relevance 1")}, "spearman")
    assert second is not None
    assert (second.name, second.step) == ("fluency", 2)
    spent = {("relevance", "relevance 1"), ("relevance", "relevance 2"), ("fluency", "fluency 2")}
    assert next_move(current, archive, spent, "spearman") is None


def test_an_added_candidate_is_a_finalist_beside_the_best_three() -> None:
    group = ("a",)
    of_steps = [Candidate(step, {"a": str(step)}, {"a": value}) for step, value in enumerate([0.1, 0.2, 0.3, 0.4])]
    archive = {group: (*of_steps, Candidate(9, {"a": "merged"}, {"a": 0.35}, added=True))}
    assert [heads[group].step for heads in finalists(archive, "spearman")] == [3, 2, 1, 9]
    assert rescorings(archive) == 4
    assert keep_best(archive, "spearman")[group].step == 3
    assert rescorings({group: (of_steps[0], archive[group][-1])}) == 2


def test_a_run_saves_the_judges_that_no_other_beats(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reuse in ("on", "off"):
        engine, folder = FakeEngine(), tmp_path / reuse / "one"
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, engine=engine, **__: fake_lm(engine))
        flags = [
            *own_task(table),
            *SIZES,
            "--merge",
            "greedy",
            "--eval-every",
            1,
            "--gate",
            "mae",
            "--reuse",
            reuse,
            "--val-size",
            24,
        ]
        assert run(optimize.main, *flags, "--runs-dir", tmp_path / reuse, monkeypatch=monkeypatch) == 0
        summary = json.loads((folder / "summary.json").read_text())
        tally = summary["calls"]["judge"]
        assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"]["judge"]
        assert reuse == "on" or tally["calls"] == engine.counts()["judge"] == summary["estimate"]["judge"]
    saved = {each["judge"]: each for each in summary["judges"]}
    assert {path.name for path in (folder / "judges").iterdir()} == {Path(name).name for name in saved}
    vectors = [tuple(each["validation"].values()) for each in saved.values()]
    assert vectors
    assert not any(all(a <= b for a, b in zip(x, y, strict=True)) for x in vectors for y in vectors if x is not y)
    assert all(load_judge(folder / name).task.criterion_names == ("helpful", "polite") for name in saved)
    assert "merge" in summary["remedies"]
    steps = [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]
    assert [step["step"] for step in steps] == [0, 1, 2, 3, 4]
    assert steps[4]["scores"] is None
    files = {path: path.read_bytes() for path in (folder / "steps.jsonl", *(folder / "judges").iterdir())}
    (folder / "summary.json").unlink()
    (folder / "judges" / "stale.json").write_text("{}")
    asked = len(engine.asked)
    again = ["--runs-dir", tmp_path / "off", "--resume", "one", "--threads", 1]
    assert run(optimize.main, *again, monkeypatch=monkeypatch) == 0
    assert {path: path.read_bytes() for path in files} == files
    assert not (folder / "judges" / "stale.json").exists()
    assert len(engine.asked) == asked


@pytest.mark.parametrize(("every", "rated"), [(1, True), (3, False)])
def test_what_comes_after_the_last_step_is_not_rated(
    every: int, rated: bool, table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = ["--merge", "greedy", "--order", "search", "--steps", 2, "--rate-every", every]
    flags = [*own_task(table), *SIZES, *more, "--runs-dir", tmp_path]
    assert run(optimize.main, *flags, monkeypatch=monkeypatch) == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert bool(engine.counts()["rater"]) is rated
    tally = summary["calls"].get("rater", {"calls": 0, "reused": 0, "skipped": 0})
    assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"].get("rater", 0)


def test_a_race_leaves_what_merging_needs(task: Task) -> None:
    engine = FakeEngine(score=obedient_score, rewrite=rewrite)
    outcome, steps, calls = merged(task, engine, race=True)
    assert steps[1].verdicts[0].rows is not None
    assert steps[1].verdicts[0].rows < ROWS  # given up early, and archived by the rows that it had
    assert {"criterion": "fluency", "kept": True}.items() <= {
        key: value for move in steps[2].told["merge"]["moves"] for key, value in move.items() if move["kept"]
    }.items()
    assert outcome.judge.rubric["fluency"] == "good fluency"
    tally = calls.summary()["judge"]
    planned = 3 + 2 * ROWS + 2 * ROWS + (4 + 1) * ROWS + ROWS
    assert tally["calls"] + tally["reused"] + tally["skipped"] == planned
