"""Which rows are untouched, and which rubric is the best."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest

from metrics.scores import Scores
from programs.errors import UserError
from programs.studies.interference.checkpoints import Checkpoint, checkpoints, choose
from programs.studies.interference.rows import first_rows, untouched_rows
from programs.tasks.splits import Sizes, Splits, split_rows
from signatures.records import Criterion
from tests.fake import rated_rows

HUMAN = np.arange(1, 6, dtype=float).repeat(2)[:, None]
SHIFTS = {"right": 0.0, "near": 1.0, "far": 2.0}
ROWS = rated_rows(("a",), count=60, documents=20)


@pytest.fixture
def runs() -> list[Splits]:
    return [split_rows(ROWS, Sizes(9, 6, 12), seed=seed) for seed in (0, 1)]


@pytest.mark.parametrize("by", ["document", "row"])
def test_no_untouched_row_shares_what_a_run_learned_from(by: str, runs: list[Splits]) -> None:
    found = untouched_rows(ROWS, runs, by)
    name = "document_id" if by == "document" else "row_id"
    used = {row[name] for run in runs for row in (*run.train, *run.validation)}
    assert used.isdisjoint(row[name] for row in found)
    assert len({row["row_id"] for row in found}) == len(found) == sum(row[name] not in used for row in ROWS)


def test_the_runs_own_test_rows_come_first_and_documents_stay_together(runs: list[Splits]) -> None:
    found = untouched_rows(ROWS, runs, "document")
    tested = {row["row_id"] for run in runs for row in run.test}
    own = [row["row_id"] in tested for row in found]
    assert own == sorted(own, reverse=True)
    assert not all(own)
    documents = [row["document_id"] for row in first_rows(found, 10)]
    assert len(documents) == 10
    assert sum(one != other for one, other in pairwise(documents)) == len(set(documents)) - 1


def test_rows_that_a_table_gives_to_training_are_not_tested_on() -> None:
    rows = [row.copy(split="train" if place < 50 else "test") for place, row in enumerate(ROWS)]
    assert {row["split"] for row in untouched_rows(rows, [Splits([], [], [])], "row")} == {"test"}


def test_nothing_untouched_is_one_line() -> None:
    with pytest.raises(UserError, match="nothing is left to test on"):
        untouched_rows(ROWS, [Splits(ROWS, [], [])], "row")


def test_a_rubric_counts_once_for_a_run_with_the_step_at_which_it_came() -> None:
    found = checkpoints("a", {3: {0: "x", 1: "y", 2: "x"}, 4: {0: "x"}})
    assert [(one.seed, one.step, one.text) for one in found] == [(3, 0, "x"), (3, 1, "y"), (4, 0, "x")]


def scored(one: Checkpoint, shifts: Mapping[str, float] = SHIFTS) -> Scores:
    judge = np.full(HUMAN.shape, np.nan) if one.text == "silent" else HUMAN + shifts[one.text]
    return Scores((Criterion("a", 1, 9),), HUMAN, judge)


def offered(*texts: str) -> list[Checkpoint]:
    return [Checkpoint("a", 0, step, text) for step, text in enumerate(texts)]


def test_the_best_is_chosen_whatever_way_is_better_and_silence_never() -> None:
    best = choose(offered("silent", "far", "right", "near"), "mae", scored)
    assert (best.checkpoint.text, best.value, best.rows, best.among) == ("right", 0, 10, 4)
    assert choose(offered("silent", "far"), "mae", scored).value == 2


def test_ties_go_to_the_earlier_step_and_nothing_scored_leaves_the_first() -> None:
    assert choose(offered("far", "near", "right"), "spearman", scored).checkpoint.step == 0  # the order is perfect
    silent = choose(offered("silent", "silent"), "mae", scored)
    assert (silent.checkpoint.step, silent.value) == (0, None)


def test_only_the_three_best_of_a_stage_reach_the_next() -> None:
    asked = []

    def second(one: Checkpoint) -> Scores:
        asked.append(one.text)
        return scored(one, {"right": 3, "near": 2, "far": 1})

    best = choose(offered("silent", "far", "near", "right"), "mae", scored, second)
    assert set(asked) == {"right", "near", "far"}
    assert best.checkpoint.text == "far"
