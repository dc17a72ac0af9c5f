"""95 % intervals contain the truth 95 % of the time, document by document, and stay silent where they cannot know."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from scipy import stats

from metrics.estimates import Estimate, by_document, by_document_difference, pooled, pooled_difference
from metrics.intervals import difference_scale, intervals, value_scale
from metrics.metric import krippendorff, mae, off_by_one, qwk, spearman
from metrics.scores import Scores, Values
from tests.metrics.rated import criteria, judged, scores

METRICS = (spearman, mae, off_by_one)
NOISE = 1.5


def value_intervals(estimate: Estimate, seed: int = 0, resamples: int = 250) -> tuple[Values, Values]:
    return intervals(estimate, [value_scale(metric) for metric in METRICS], seed=seed, resamples=resamples)


def difference_intervals(estimate: Estimate, seed: int = 0, resamples: int = 250) -> tuple[Values, Values]:
    return intervals(estimate, [difference_scale(metric) for metric in METRICS], seed=seed, resamples=resamples)


@cache
def large_set(rows: int) -> Values:
    return pooled(judged(10_000, 120_000 // rows, rows, NOISE), METRICS).point


def coverage(documents: int, rows: int, sets: int, change: Callable[[Scores], Scores] = lambda drawn: drawn) -> Values:
    """Share of data sets whose intervals hold the value of a very large set, (metrics, criteria and mean)."""
    truth, hits = large_set(rows), []
    for seed in range(sets):
        low, high = value_intervals(pooled(change(judged(seed, documents, rows, NOISE)), METRICS), seed)
        hits.append((low <= truth) & (truth <= high))
    return np.mean(hits, axis=0)


@pytest.mark.parametrize("documents, rows", [(8, 12), (25, 6), (40, 6), (150, 1)])
def test_intervals_cover_the_truth_as_often_as_they_say(documents: int, rows: int) -> None:
    covered = coverage(documents, rows, sets=200)  # standard error 1.5 points
    assert covered.min() > 0.905
    assert covered.max() < 0.99
    assert 0.93 < covered.mean() < 0.975


def test_rows_taken_for_independent_would_cover_far_too_rarely() -> None:
    def without_documents(drawn: Scores) -> Scores:
        return Scores(drawn.criteria, drawn.human, drawn.judge)

    assert coverage(8, 12, sets=100, change=without_documents)[:2].mean() < 0.85


def test_under_six_documents_there_is_a_value_but_no_interval() -> None:
    for documents, expected in ((5, False), (6, True), (99, True), (100, True)):
        estimate = pooled(judged(1, documents, 8), METRICS)
        low, high = value_intervals(estimate)
        assert not np.isnan(estimate.point).any()
        assert (~np.isnan(low)).all() == (~np.isnan(high)).all() == expected


def test_both_methods_give_about_the_same_interval_where_one_takes_over_from_the_other() -> None:
    drawn, other = judged(2, 100, 8), judged(2, 100, 8, noise=2.0)
    assert drawn.documents is not None
    few, many = (
        value_intervals(pooled(drawn.rows(drawn.documents < size), METRICS), resamples=2000) for size in (99, 100)
    )
    np.testing.assert_allclose(few[1] - few[0], many[1] - many[0], rtol=0.1)
    parts = ([each.rows(drawn.documents < size) for each in (drawn, other)] for size in (99, 100))
    few, many = (difference_intervals(pooled_difference(*part, METRICS), resamples=2000) for part in parts)
    np.testing.assert_allclose(few[1] - few[0], many[1] - many[0], rtol=0.1)


def test_with_few_documents_a_difference_of_means_has_students_interval() -> None:
    before, after = judged(3, 12, 1, noise=2.0), judged(3, 12, 1)
    low, high = difference_intervals(pooled_difference(before, after, METRICS))
    changes = np.abs(after.judge - after.human)[:, 0] - np.abs(before.judge - before.human)[:, 0]
    expected = stats.t.interval(0.95, 11, changes.mean(), stats.sem(changes))
    assert (low[1, 0], high[1, 0]) == pytest.approx(expected)


def test_a_document_counts_once_by_document_however_many_rows_it_has() -> None:
    small, large = judged(4, 12, 4), judged(5, 1, 400)
    joined = Scores(
        criteria(),
        np.concatenate([small.human, large.human]),
        np.concatenate([small.judge, large.judge]),
        np.concatenate([np.repeat(np.arange(12), 4), np.full(400, 12)]),
    )
    values = [
        spearman(joined.judge[joined.documents == d, 0], joined.human[joined.documents == d, 0]) for d in range(13)
    ]
    assert None not in values
    assert by_document(joined, METRICS).point[0, 0] == pytest.approx(np.mean(np.array(values, dtype=float)))


def test_perfect_agreement_does_not_crash_and_is_not_taken_for_certainty() -> None:
    for documents in (10, 40):
        drawn = judged(6, documents, 4)
        perfect = Scores(drawn.criteria, drawn.human, drawn.human, drawn.documents)
        for opposite, value in ((drawn.human, 1.0), (6 - drawn.human, -1.0)):
            estimate = pooled(Scores(drawn.criteria, drawn.human, opposite, drawn.documents), METRICS)
            low, high = value_intervals(estimate)
            assert estimate.point[0] == pytest.approx([value] * 3)
            assert np.isnan(low[0]).all()
            assert np.isnan(high[0]).all()
        low, high = value_intervals(pooled(perfect, METRICS))
        assert (low[2] < 1).all()
        assert (low[2] > 1 - 6 / documents).all()
        assert high[2] == pytest.approx([1.0] * 3)


def test_a_change_of_nothing_is_certainly_nothing() -> None:
    drawn = judged(7, 40, 4)
    low, high = difference_intervals(pooled_difference(drawn, drawn, METRICS))
    np.testing.assert_array_equal(low, 0)
    np.testing.assert_array_equal(high, 0)


def test_a_paired_difference_is_narrower_than_two_judges_apart() -> None:
    for documents in (12, 60):
        before = judged(8, documents, 10, NOISE)
        mended = np.random.default_rng(8).random(before.judge.shape) < 0.4
        judge = np.where(mended, np.round(before.human), before.judge)
        after = Scores(before.criteria, before.human, judge, before.documents)
        low, high = difference_intervals(pooled_difference(before, after, METRICS))
        apart = [np.subtract(*value_intervals(pooled(side, METRICS))[::-1]) for side in (before, after)]
        assert ((high - low) < 0.8 * np.hypot(*apart)).all()
        assert (low[0] > 0).all()
        assert (high[1] < 0).all()
    low, _ = difference_intervals(by_document_difference(before, after, METRICS))
    assert (low[0] > 0).all()


def test_mostly_undefined_resamples_give_no_interval() -> None:
    human, judge, other = np.ones(120), np.ones(120), np.ones(120)
    human[:2], judge[1:3], other[1:4] = 5, 5, 5
    low, _ = difference_intervals(pooled_difference(scores(judge, human), scores(other, human), METRICS))
    assert not np.isnan(low[0, 0])  # row 1 carries a correlation by itself: 63 % of the resamples have it
    human, judge, other = np.ones(120), np.ones(120), np.ones(120)
    human[0], judge[1], other[1:3] = 5, 5, 5
    low, _ = difference_intervals(pooled_difference(scores(judge, human), scores(other, human), METRICS))
    assert np.isnan(low[0, 0])  # rows 0 and 1 are both needed: 40 % of the resamples
    assert not np.isnan(low[1, 0])


@pytest.mark.parametrize("rows", [20, 60, 200])
@pytest.mark.parametrize("side", ["judge", "human"])
def test_an_order_that_fewer_than_six_documents_make_has_a_value_but_no_interval(rows: int, side: str) -> None:
    for off, expected in ((5, False), (6, True)):
        rare, other = np.ones(rows), np.resize([1.0, 2, 3, 4], rows)
        rare[:off] = np.resize([5.0, 4, 5], off)
        pair = (rare, other) if side == "judge" else (other, rare)
        estimate = pooled(scores(*pair), METRICS)
        low, _ = value_intervals(estimate)
        assert not np.isnan(estimate.point[0, 0])
        assert np.isnan(low[0, 0]) != expected
        assert not np.isnan(low[1, 0])  # a distance needs no order


def test_an_estimate_that_one_document_carries_has_no_interval() -> None:
    drawn, other = judged(13, 12, 4), judged(13, 12, 4, noise=2.0)
    assert drawn.documents is not None
    constant = [np.where(drawn.documents[:, None] == 0, each.judge, 3.0) for each in (drawn, other)]
    low, _ = difference_intervals(pooled_difference(*map(drawn.with_judge, constant), METRICS))
    assert np.isnan(low[0]).all()
    assert not np.isnan(low[1]).any()


def test_a_criterion_scored_in_few_documents_has_the_interval_of_few_documents() -> None:
    drawn = judged(9, 40, 5)
    assert drawn.documents is not None
    judge = drawn.judge.copy()
    judge[drawn.documents >= 5, 1] = np.nan
    low, _ = value_intervals(pooled(Scores(drawn.criteria, drawn.human, judge, drawn.documents), METRICS))
    assert not np.isnan(low[:, 0]).any()
    assert np.isnan(low[:, 1:]).all()  # the mean knows no more than its least informed criterion


def test_intervals_repeat_with_their_seed_and_only_with_it() -> None:
    estimate = pooled(judged(10, 120, 2), METRICS)
    first, again, other = (value_intervals(estimate, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (np.array(first) != np.array(other)).any()


def test_very_many_documents_are_merged_at_random_without_changing_value_or_width(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = judged(11, 3000, 2)
    whole = [make(drawn, METRICS) for make in (pooled, by_document)]
    monkeypatch.setattr("metrics.estimates.MOST_CLUSTERS", 500)
    merged = [make(drawn, METRICS) for make in (pooled, by_document)]
    for full, fewer in zip(whole, merged, strict=True):
        assert fewer.clusters == 500
        np.testing.assert_allclose(fewer.point, full.point)
        np.testing.assert_array_equal(fewer.counted, full.counted)
        widths = [np.subtract(*value_intervals(estimate, resamples=1000)[::-1]) for estimate in (full, fewer)]
        np.testing.assert_allclose(widths[0], widths[1], rtol=0.25)


def test_small_batches_give_the_same_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = judged(12, 35, 6)
    whole = [value_intervals(make(drawn, METRICS)) for make in (pooled, by_document)]
    monkeypatch.setattr("metrics.estimates.BATCH_NUMBERS", 700)
    pieces = [value_intervals(make(drawn, METRICS)) for make in (pooled, by_document)]
    np.testing.assert_allclose(np.array(whole), np.array(pieces))


@pytest.mark.parametrize(("off", "given"), [(8, False), (9, True)])
def test_a_kappa_needs_more_documents_off_the_commonest_level_than_a_rank_correlation(off: int, given: bool) -> None:
    judge, human = np.ones(60), np.resize([1.0, 2, 3, 4], 60)
    judge[:off] = np.resize([5.0, 4, 5, 2], off)
    metrics = [qwk, spearman, krippendorff]
    estimate = pooled(scores(judge, human), metrics)
    low, high = intervals(estimate, [value_scale(metric) for metric in metrics], seed=0, resamples=50)
    assert np.isfinite(low[:, 0]).tolist() == [given, True, True]
    assert np.isfinite(high[:, 0]).tolist() == [given, True, True]
