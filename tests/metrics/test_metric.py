"""The metrics equal the reference implementations, and undefined stays undefined."""

import json
import warnings
from pathlib import Path

import krippendorff as reference
import numpy as np
import pytest
from scipy import stats

from metrics import ranks
from metrics.metric import (
    METRICS,
    Metric,
    accuracy,
    kendall,
    krippendorff,
    mae,
    off_by_n,
    off_by_one,
    qwk,
    spearman,
)
from metrics.scores import Values
from metrics.tables import cluster_tables, tabulate

Pair = tuple[Values, Values]
RANK_METRICS = (spearman, kendall, krippendorff)


def random_pairs() -> list[Pair]:
    """Whole, fractional and real scores, few and many ties, with and without agreement."""
    generator, pairs = np.random.default_rng(0), []
    for case in range(24):
        rows = int(generator.integers(12, 160))
        human = generator.integers(1, 6, (rows, 1 + 2 * (case % 2))).mean(axis=1)
        follows = human * (case % 4 - 1) / 2 + generator.normal(0, 1, rows)
        pairs.append((follows if case % 3 == 0 else np.clip(np.round(follows + 2), 1, 5), human))
    return pairs


def kappa_by_hand(judge: Values, human: Values) -> float:
    """The textbook definition on the confusion matrix."""
    a, b = (np.floor(side + 0.5).astype(int) for side in (judge, human))
    low = min(a.min(), b.min())
    size = max(a.max(), b.max()) - low + 1
    observed = np.zeros((size, size))
    np.add.at(observed, (a - low, b - low), 1)
    weight = np.subtract.outer(np.arange(size), np.arange(size)) ** 2
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / len(a)
    return float(1 - (weight * observed).sum() / (weight * expected).sum())


def assert_equal_to_references(judge: Values, human: Values) -> None:
    assert spearman(judge, human) == pytest.approx(stats.spearmanr(judge, human).statistic, abs=1e-12)
    assert kendall(judge, human) == pytest.approx(stats.kendalltau(judge, human).statistic, abs=1e-12)
    alpha = reference.alpha(np.stack([judge, human]), level_of_measurement="ordinal")
    assert krippendorff(judge, human) == pytest.approx(alpha, abs=1e-12)
    assert qwk(judge, human) == pytest.approx(kappa_by_hand(judge, human), abs=1e-12)
    assert mae(judge, human) == pytest.approx(np.abs(judge - human).mean())
    assert off_by_one(judge, human) == pytest.approx((np.abs(judge - human) <= 1 + 1e-9).mean())
    assert accuracy(judge, human) == pytest.approx((np.floor(judge + 0.5) == np.floor(human + 0.5)).mean())


@pytest.mark.parametrize("pair", random_pairs())
def test_equal_to_scipy_and_krippendorff_on_random_data_with_ties(pair: Pair) -> None:
    assert_equal_to_references(*pair)


@pytest.mark.parametrize("name", ["fluency", "relevance", "coherence", "consistency"])
def test_equal_to_scipy_and_krippendorff_on_real_ratings(name: str, shared_data: Path) -> None:
    lines = (shared_data / "summeval.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    human = np.array([row[name] for row in rows])
    judge = np.clip(np.round(human + np.random.default_rng(1).normal(0, 1, len(rows))), 1, 5)
    other = np.array([row["relevance" if name == "coherence" else "coherence"] for row in rows])
    assert len(rows) == 1600
    assert_equal_to_references(judge, human)
    assert_equal_to_references(other, human)


@pytest.mark.parametrize("pair", random_pairs()[:6])
def test_both_ways_to_count_concordant_pairs_agree(pair: Pair) -> None:
    judge, human = pair
    generator = np.random.default_rng(2)
    for first, second in ((judge, human), (human, judge)):
        cells, _ = tabulate(first, second)
        counts = generator.integers(0, 4, (5, len(cells.judge_codes))).astype(np.float64)
        by_levels = ranks._concordance_by_levels(cells, counts)
        np.testing.assert_array_equal(ranks._concordance_by_pairs(cells, counts), by_levels)
        for balance, times in zip(by_levels, counts, strict=True):
            rows = np.repeat(np.arange(len(times)), times.astype(int))
            signs = [np.sign(codes[rows][:, None] - codes[rows]) for codes in (cells.judge_codes, cells.human_codes)]
            assert balance == (signs[0] * signs[1]).sum() / 2


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_a_batch_of_resampled_tables_equals_each_resample_by_itself(metric: Metric) -> None:
    generator = np.random.default_rng(3)
    judge, human = random_pairs()[1]
    codes = np.arange(len(judge)) // 4
    tables = cluster_tables(judge, human, codes, codes[-1] + 1)
    weights = generator.integers(0, 3, (10, codes[-1] + 1))
    batch = metric.batch(tables.cells, tables.weighted(weights.astype(np.float64)))
    for value, weight in zip(batch, weights, strict=True):
        rows = np.repeat(np.arange(len(judge)), weight[codes])
        assert value == pytest.approx(metric(judge[rows], human[rows]), abs=1e-12)


def test_sparse_tables_give_the_numbers_of_dense_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, human = random_pairs()[0]
    codes, weights = np.arange(len(judge)), np.ones((2, len(judge)))
    dense = cluster_tables(judge, human, codes, len(judge))
    monkeypatch.setattr("metrics.tables.DENSE_ENTRIES", 0)
    sparse = cluster_tables(judge, human, codes, len(judge))
    assert not isinstance(sparse.counts, np.ndarray)
    np.testing.assert_array_equal(sparse.weighted(weights), dense.weighted(weights))
    np.testing.assert_array_equal(sparse.dense(), dense.counts)
    assert sparse.filled == dense.filled
    np.testing.assert_array_equal(sparse.occupied(), dense.occupied())


@pytest.mark.parametrize("metric", RANK_METRICS, ids=lambda metric: metric.name)
def test_order_metrics_ignore_how_the_same_change_spreads_both_sides(metric: Metric) -> None:
    for judge, human in random_pairs():
        assert metric(np.exp(judge), np.exp(human)) == pytest.approx(metric(judge, human), abs=1e-12)


@pytest.mark.parametrize("metric", (spearman, kendall), ids=lambda metric: metric.name)
def test_rank_metrics_ignore_how_either_side_is_spread_and_turn_with_it(metric: Metric) -> None:
    for judge, human in random_pairs():
        assert metric(judge**3, human) == pytest.approx(metric(judge, human), abs=1e-12)
        assert metric(-judge, human) == pytest.approx(-metric(judge, human), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_the_order_of_rows_and_of_sides_does_not_matter(metric: Metric) -> None:
    for judge, human in random_pairs():
        order = np.random.default_rng(4).permutation(len(judge))
        assert metric(judge[order], human[order]) == pytest.approx(metric(judge, human), abs=1e-12)
        assert metric(human, judge) == pytest.approx(metric(judge, human), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_perfect_agreement_is_the_best_value_and_worse_agreement_is_worse(metric: Metric) -> None:
    human = np.array([1.0, 2, 2, 3, 4, 5, 5])
    best = metric(human, human)
    assert best == (0 if metric.kind == "distance" else 1)
    assert metric.orientation * metric(human[::-1], human) < metric.orientation * best


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_unscored_rows_are_left_out_and_nothing_scored_is_undefined(metric: Metric) -> None:
    judge, human = random_pairs()[1]
    unscored = np.where(np.arange(len(judge)) % 3, judge, np.nan)
    kept = ~np.isnan(unscored)
    assert metric(unscored, human) == metric(judge[kept], human[kept])
    assert metric(np.full(3, np.nan), np.ones(3)) is None
    assert metric([], []) is None


def test_a_constant_judge_ranks_nothing_but_has_an_error() -> None:
    human = [0.0] * 88 + [1.0] * 12
    zeros = [0.0] * 100
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert spearman(zeros, human) is None
        assert kendall(zeros, human) is None
        assert spearman(human, zeros) is None
    assert qwk(zeros, human) == 0
    assert krippendorff(zeros, human) == pytest.approx(
        reference.alpha(np.stack([zeros, human]), level_of_measurement="ordinal")
    )
    assert mae(zeros, human) == pytest.approx(0.12)


def test_agreement_coefficients_are_undefined_without_any_variation_or_with_one_row() -> None:
    assert qwk([2, 2], [2, 2]) is None
    assert qwk([2.5, 3.4], [3, 3.1]) is None  # all round to 3
    assert krippendorff([2, 2], [2, 2]) is None
    assert qwk([1], [2]) is None
    assert krippendorff([1], [2]) is None
    assert qwk([1, 1], [2, 2]) == 0


def test_levels_round_half_up_and_means_of_raters_do_not_miss_by_an_ulp() -> None:
    assert accuracy([3, 3], [2.5, 3.5]) == 0.5
    assert 14 / 3 - 11 / 3 > 1
    assert off_by_one([14 / 3], [11 / 3]) == 1
    assert off_by_n([1, 1, 1], [1, 2.5, 4], 2) == pytest.approx(2 / 3)


def test_misshapen_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="two 1-d arrays"):
        spearman([1, 2], [1, 2, 3])
