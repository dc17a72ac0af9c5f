"""Raters' scores become places of one array: nothing is lost, and a crowd does not need a place each."""

import numpy as np
import pytest

from metrics.panel import MOST_RATERS, rater_array
from metrics.scores import Scores, both_scored
from tests.metrics.rated import criteria


def test_columns_keep_their_order_and_absent_scores_are_nan() -> None:
    rows = [{"a": {"y": 1.0, "x": None}, "b": {"z": 3.0, "v": 2.0, "w": 1.0}}, {"a": {"y": 2.0, "x": 5.0}}]
    found = rater_array(rows, ["a", "b"])
    expected = [[[1, np.nan, np.nan], [2, 1, 3]], [[2, 5, np.nan], [np.nan] * 3]]
    np.testing.assert_array_equal(found, expected)


def test_raters_of_a_table_are_sorted_whatever_the_rows_order() -> None:
    rows = [{"a": {"ben": 2.0, "carl": 3.0}}, {"a": {"anna": 1.0, "ben": 4.0}}]
    np.testing.assert_array_equal(rater_array(rows, ["a"]), [[[np.nan, 2, 3]], [[1, 4, np.nan]]])
    np.testing.assert_array_equal(rater_array(rows[::-1], ["a"]), [[[1, 4, np.nan]], [[np.nan, 2, 3]]])


def test_without_raters_there_is_no_array() -> None:
    assert rater_array([{}, {}], ["a"]) is None
    assert rater_array([], ["a"]) is None


def test_a_crowd_fills_as_many_places_as_a_row_has_scores() -> None:
    random = np.random.default_rng(1)
    rows = [
        {"a": {f"worker {who}": float(random.integers(1, 6)) for who in random.choice(200, 3, replace=False)}}
        for _ in range(500)
    ]
    found = rater_array(rows, ["a"])
    assert found is not None
    assert found.shape == (500, 1, 3) and len({name for row in rows for name in row["a"]}) > MOST_RATERS
    for row, kept in zip(rows, found[:, 0], strict=True):
        assert sorted(kept) == sorted(row["a"].values())
    first = [next(iter(row["a"].values())) for row in rows]
    assert np.mean(found[:, 0, 0] == first) < 0.7  # places are no order of arrival


def test_scores_keep_their_raters_by_row_and_criterion() -> None:
    raters = np.arange(24.0).reshape(4, 2, 3)
    human = raters.mean(axis=2)
    made = Scores(criteria(), human, human.copy(), raters=raters)
    np.testing.assert_array_equal(made.rows([3, 0, 0]).raters, raters[[3, 0, 0]])
    np.testing.assert_array_equal(made.columns(["relevance"]).raters, raters[:, 1:])
    assert both_scored(made, made)[1].raters is raters
    with pytest.raises(ValueError, match="do not fit human"):
        Scores(criteria(), human, human, raters=raters[:2])
