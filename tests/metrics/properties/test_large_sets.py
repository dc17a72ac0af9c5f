"""What is done otherwise for many rows says the same as what is done for few."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import binned as binning
from metrics import pairwise
from metrics.binned import MOST_ROWS, anchored, binned, in_bins, many_values
from metrics.documents import document_values, places_within
from metrics.estimates import exact_values, pooled, pooled_difference
from metrics.halo import halo
from metrics.intervals import intervals, leave_one_out, value_scale
from metrics.metric import METRICS
from metrics.ranks import pairs_cost_less
from metrics.scores import Scores, Values
from metrics.summary import summarize
from metrics.systems import system_agreement
from metrics.tables import cluster_tables, encoded, tabulate, whole_times
from metrics.ties import calibrated, choose_ties
from signatures.records import Criterion

ALL = list(METRICS.values())


def expectations(rows: int, documents: int, seed: int = 0) -> Scores:
    """A judge with real scores, one in twenty missing, and the means of three raters."""
    draw = np.random.default_rng(seed)
    quality = draw.normal(3, 1, (rows, 2)) + draw.normal(0, 0.5, (documents, 2))[np.arange(rows) % documents]
    human = np.clip(np.round(3 * quality) / 3, 1, 5)
    judge = np.clip(0.8 * quality + draw.normal(0, 1, (rows, 2)), 1, 5)
    judge[draw.random(judge.shape) < 0.05] = np.nan
    criteria = (Criterion("a", 1, 5), Criterion("b", 1, 5))
    return Scores(criteria, human, judge, np.arange(rows) % documents, draw.integers(4, size=rows))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch):
    """Call to have sets of few rows treated as large."""

    def treat() -> None:
        for place in ("binned", "rank_matrix"):
            monkeypatch.setattr(f"metrics.{place}.MOST_ROWS", 100)

    return treat


@given(st.integers(0, 1_000))
def test_bins_keep_order_levels_means_and_what_is_missing(seed: int) -> None:
    draw = np.random.default_rng(seed)
    column = np.round(draw.gamma(1 + seed % 5, 1.5, MOST_ROWS + 1), 1 + seed % 4)
    column[draw.random(len(column)) < 0.1] = np.nan
    found, known = in_bins(column), ~np.isnan(column)
    assert np.array_equal(np.isnan(found), ~known)
    if not many_values(column):
        assert found is column
    order = np.argsort(column[known], kind="stable")
    assert (np.diff(found[known][order]) >= 0).all()
    assert np.array_equal(np.floor(found[known] + 0.5), np.floor(column[known] + 0.5))
    assert found[known].mean() == pytest.approx(column[known].mean())
    levels = len(np.unique(np.floor(column[known] + 0.5)))
    assert len(np.unique(found[known])) <= max(binning.BINS + levels, binning.MOST_VALUES)


def test_few_rows_and_few_values_are_left_as_they_are() -> None:
    small, large = expectations(MOST_ROWS, 50), expectations(MOST_ROWS + 1, 50)
    assert binned(small) is small
    assert binned(large) is not large
    whole = large.with_judge(np.round(large.judge))
    assert binned(whole) is whole
    assert np.array_equal(binned(large).human, large.human)


def test_anchored_replicates_are_moved_by_what_the_whole_sample_lacks() -> None:
    moved = anchored(lambda weights: weights[:, :1] * 2, np.array([5.0]), 3)
    assert moved(np.ones((1, 3))) == 5
    assert moved(np.array([[2.0, 0, 1]])) == 7


def test_values_of_many_rows_are_those_of_the_scores_as_they_are(few) -> None:
    scores, other = expectations(400, 40), expectations(400, 40, seed=1)
    worse = scores.with_judge(np.where(np.isnan(scores.judge), np.nan, other.judge))
    exact = [pooled(scores, ALL).point, pooled_difference(scores, worse, ALL).point]
    assert exact[0][:, :-1] == pytest.approx(exact_values(scores, ALL))
    few()
    assert pooled(scores, ALL).point == pytest.approx(exact[0], abs=1e-12)
    assert pooled_difference(scores, worse, ALL).point == pytest.approx(exact[1], abs=1e-12)


def test_standard_errors_of_binned_scores_are_right_to_two_percent(few) -> None:
    scores = expectations(2_000, 200)
    few_rows = scores.rows(np.arange(1_000))
    exact = _errors(few_rows)
    few()
    assert _errors(few_rows) == pytest.approx(exact, rel=0.02)


def _errors(scores: Scores) -> Values:
    """(M, K + 1) the jackknife's."""
    estimate = pooled(scores, ALL)
    rest = np.concatenate([estimate(weights) for weights in leave_one_out(estimate)])
    found: Values = rest.std(axis=0) * np.sqrt(len(rest))
    return found


def test_all_that_evaluate_says_of_expectations_hardly_changes(few) -> None:
    scores = expectations(1_000, 120)
    ties = choose_ties(scores, "these")
    assert ties is not None
    reports = [
        partial(summarize, scores, resamples=150),
        partial(halo, scores, resamples=150),
        partial(system_agreement, scores, resamples=150),
        partial(calibrated, scores, ties, resamples=150),
    ]
    exact = [dict(_cells(report())) for report in reports]
    few()
    for before, report in zip(exact, reports, strict=True):
        after = dict(_cells(report()))
        assert before.keys() == after.keys() and before
        for place, cell in before.items():
            assert after[place]["value"] == pytest.approx(cell["value"], abs=1e-9), place
            assert (after[place]["n"], after[place]["undefined"]) == (cell["n"], cell["undefined"])
            if cell["low"] is not None:
                width = cell["high"] - cell["low"]
                assert after[place]["low"] == pytest.approx(cell["low"], abs=0.08 * width), place
                assert after[place]["high"] == pytest.approx(cell["high"], abs=0.08 * width), place


def _cells(found, place=()):
    if isinstance(found, dict) and "low" in found:
        yield place, found
    elif isinstance(found, dict):
        for name, each in found.items():
            yield from _cells(each, (*place, name))


@given(st.integers(0, 1_000), st.sampled_from([2, 30, 200]))
def test_documents_have_the_same_values_however_many_at_once(seed: int, numbers: int) -> None:
    scores = expectations(60 + seed % 50, 1 + seed % 12, seed)
    whole = document_values(scores, ALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metrics.documents.BATCH_NUMBERS", numbers)
        patch.setattr("metrics.documents.FEW_NUMBERS", numbers)
        assert document_values(scores, ALL) == pytest.approx(whole, nan_ok=True, abs=1e-12)


def test_places_are_counted_within_each_document() -> None:
    values, codes = np.array([3.0, 1.0, 3.0, 9.0, 2.0, 2.0]), np.array([0, 0, 1, 1, 1, 0])
    assert places_within(values, codes).tolist() == [2, 0, 1, 2, 0, 1]


@given(st.integers(0, 1_000), st.sampled_from([0.1, 0.25, 0.3, 1.0, 10.0]))
def test_pairs_within_an_epsilon_are_the_same_by_a_sweep(seed: int, epsilon: float) -> None:
    draw = np.random.default_rng(seed)
    judge, human = draw.integers(30, size=50) / 10, draw.integers(1 + seed % 9, size=50).astype(float)
    table = cluster_tables(judge, human, np.arange(50), 50)
    counts = table.weighted(draw.integers(3, size=(4, 50)).astype(float))
    pairs = pairwise._right_by_pairs(table.cells, counts, epsilon)
    assert np.array_equal(pairwise._right_by_levels(table.cells, counts, epsilon), pairs)


def test_many_cells_are_swept_and_few_compared() -> None:
    draw = np.random.default_rng(0)
    large, small = (
        tabulate(draw.random(5_000), draw.integers(3, size=5_000).astype(float))[0],
        tabulate(np.arange(9.0), np.arange(9.0))[0],
    )
    assert not pairs_cost_less(large, 1, 3, 5_000)
    assert pairs_cost_less(small, 2_000, 9, 9)


@given(st.integers(0, 100))
def test_encoding_is_the_same_for_many_values_as_for_few(seed: int) -> None:
    column = np.random.default_rng(seed).integers(1 + seed * 7, size=300).astype(float)
    values, places = encoded(column)
    assert np.array_equal(values, np.unique(column)) and np.array_equal(values[places], column)


def test_single_precision_sums_what_double_does() -> None:
    draw = np.random.default_rng(0)
    table = cluster_tables(
        draw.integers(400, size=3_000) / 4, draw.integers(5, size=3_000) / 1, np.arange(3_000), 3_000
    )
    weights = draw.integers(4, size=(3, 3_000)).astype(float)
    assert whole_times(weights) and not whole_times(weights / 2) and not whole_times(weights * 100)
    assert np.array_equal(table.weighted(weights), weights @ table.dense())


def test_intervals_of_a_large_set_hold_as_wide_as_they_should() -> None:
    """Of 40 draws of 1,200 rows, nearly all intervals hold the truth (a draw of 200,000)."""
    (metric,) = [METRICS["spearman"]]
    truth = metric(*(side[:, 0] for side in _sides(expectations(200_000, 40_000))))
    held = 0
    for seed in range(40):
        estimate = pooled(expectations(1_200, 240, seed + 1).columns(["a"]), [metric])
        low, high = intervals(estimate, [value_scale(metric)], seed=seed, resamples=200)
        held += bool(low[0, 0] <= (truth or 0.0) <= high[0, 0])
    assert held >= 34


def _sides(scores: Scores) -> tuple[Values, Values]:
    return scores.judge, scores.human
