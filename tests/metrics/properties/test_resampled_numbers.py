"""Estimates, intervals and tests: what must not change them, and what they are by definition."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics.attenuation import mean_reliability, seen_difference
from metrics.clustered import Sums, codes, difference_cells, enough, estimate_cells, ratio_cells, unless_certain
from metrics.detectable import detectable
from metrics.estimates import (
    by_document,
    by_document_difference,
    document_values,
    least_last,
    merge_clusters,
    one_number,
    pooled,
    pooled_difference,
    resampled_clusters,
    tables_of,
    with_mean,
)
from metrics.intervals import (
    BOOTSTRAP_CLUSTERS,
    FEWEST_CLUSTERS,
    Scale,
    difference_scale,
    intervals,
    leave_one_out,
    resampled_weights,
    value_scale,
)
from metrics.metric import METRICS, mae, spearman
from metrics.multiplicity import above, discoveries, holm, p_values, standard_errors, two_sided
from metrics.noninferiority import compare, judge_all, verdict
from metrics.null_errors import null_errors
from metrics.order import averaged
from metrics.over_runs import difference_over_runs, mean_estimate, mean_or_none, values_over_runs
from metrics.paired import paired_draws
from metrics.sample_size import Variance, needed, power, scaling, variances, visible
from metrics.scores import Scores, both_scored, clusters, require_same_rows
from metrics.summary import cell_table, defined, difference, point_values, summarize
from tests.metrics.properties.drawn import NAMES, SEEDS, again, rated, same, shuffled

FEW = [spearman, mae]
PS = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8)
SHARES = st.floats(0.02, 0.98)


@given(rated(), SEEDS)
def test_point_values_are_the_metrics_of_the_scored_rows(scores: Scores, seed: int) -> None:
    pooled_values = pooled(scores, list(METRICS.values())).point
    plain = point_values(shuffled(scores, seed))
    for row, (name, metric) in enumerate(METRICS.items()):
        for column, criterion in enumerate(NAMES):
            value = metric(scores.judge[:, column], scores.human[:, column])
            assert same(defined(pooled_values[row, column]), value)
            assert same(plain[name][criterion], value)
        values = [plain[name][criterion] for criterion in NAMES]
        assert same(defined(pooled_values[row, -1]), mean_or_none(values))  # undefined where one criterion is


@given(rated())
def test_by_document_is_the_mean_of_the_documents_that_have_a_value(scores: Scores) -> None:
    estimate, found = by_document(scores, FEW), document_values(scores, FEW)
    for row, metric in enumerate(FEW):
        for column in range(len(NAMES)):
            parts = [scores.rows(scores.documents == each) for each in np.unique(scores.documents)]
            each = [metric(part.judge[:, column], part.human[:, column]) for part in parts]
            assert all(same(defined(one), other) for one, other in zip(found[:, row, column], each, strict=True))
            known = [value for value in each if value is not None]
            assert same(defined(estimate.point[row, column]), float(np.mean(known)) if known else None)
            assert estimate.counted[row, column] == len(known)
            assert estimate.left_out[row, column] == len(each) - len(known)


@given(rated(), SEEDS)
def test_a_difference_is_of_the_rows_that_both_scored_and_turns_with_the_judges(before: Scores, seed: int) -> None:
    after = again(before, seed)
    after.judge[:1] = np.nan
    for estimate in (pooled_difference, by_document_difference):
        forth, back = estimate(before, after, FEW).point, estimate(after, before, FEW).point
        np.testing.assert_allclose(forth, -back, atol=1e-12)
    one, other = (pooled(side, FEW).point for side in both_scored(before, after))
    np.testing.assert_allclose(pooled_difference(before, after, FEW).point, other - one, atol=1e-12)
    assert not np.any(pooled_difference(before, before, FEW).point > 0)


@given(rated(least=40, most=70), SEEDS)
def test_a_summary_does_not_depend_on_the_order_or_names_of_criteria_nor_on_unscored_rows(
    scores: Scores, seed: int
) -> None:
    turned = scores.columns(NAMES[::-1])
    more = scores.rows([*range(len(scores)), 0, 0])
    more.judge[-2:] = np.nan
    tables = [summarize(each, seed=seed, resamples=20) for each in (scores, turned, more)]
    for part in ("pooled", "by_document"):
        for name in METRICS:
            for criterion in (*NAMES, "mean"):
                first, other, last = (table[part][name][criterion] for table in tables)
                assert all(same(first[key], other[key]) for key in ("value", "low", "high", "n"))
                assert same(first["value"], last["value"])
    assert tables[2]["coverage"][NAMES[0]]["unscored"] == tables[0]["coverage"][NAMES[0]]["unscored"] + 2


@given(rated(least=6, most=60), SEEDS)
def test_an_interval_lies_within_the_bounds_and_needs_a_value_and_six_documents(scores: Scores, seed: int) -> None:
    metrics = list(METRICS.values())
    estimate = pooled(scores, metrics, seed)
    low, high = intervals(estimate, [value_scale(metric) for metric in metrics], seed=seed, resamples=30)
    given_, point = ~np.isnan(low), estimate.point
    np.testing.assert_array_equal(given_, ~np.isnan(high))
    assert not np.any(given_ & (np.isnan(point) | (estimate.support < FEWEST_CLUSTERS)))
    least, most = np.array([metric.bounds for metric in metrics]).T[:, :, None]
    assert np.all(~given_ | ((least - 1e-12 <= low) & (low <= high) & (high <= most + 1e-12)))
    few = given_ & (estimate.support < BOOTSTRAP_CLUSTERS)  # resamples may all lie to one side of the value
    assert np.all(~few | ((low - 1e-9 <= point) & (point <= high + 1e-9)))


@given(rated(least=12, most=40), SEEDS)
def test_intervals_of_few_documents_do_not_depend_on_their_order(scores: Scores, seed: int) -> None:
    bounds = [
        intervals(pooled(each, FEW), [value_scale(metric) for metric in FEW], seed=0, resamples=10)
        for each in (scores, shuffled(scores, seed))
    ]
    if clusters(scores)[1] < BOOTSTRAP_CLUSTERS:
        np.testing.assert_allclose(np.array(bounds[0]), np.array(bounds[1]), atol=1e-9)


@given(st.integers(6, 40), SEEDS)
def test_weights_draw_as_many_clusters_as_there_are_or_leave_one_out(total: int, seed: int) -> None:
    estimate = one_number(lambda weights: weights[:, :1], total, 1, np.array([total]), np.array([total]))
    drawn = np.concatenate(list(resampled_weights(estimate, seed, 5)))
    assert np.all(drawn.sum(axis=1) == total)
    np.testing.assert_array_equal(np.concatenate(list(leave_one_out(estimate))), 1 - np.eye(total))
    np.testing.assert_allclose(averaged([estimate, estimate]).point, estimate.point)
    assert list(least_last(np.array([3, 2]))) == [3, 2, 2]
    assert list(with_mean(np.array([3.0, 2.0]))) == [3, 2, 2.5]
    group, merged = merge_clusters(total, seed, 7)
    assert merged == min(total, 7) == len(np.unique(group))


@given(st.integers(6, 29), SEEDS)
def test_with_rows_for_documents_the_mean_and_its_difference_have_students_interval(rows: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(5, 1, (rows, 1)).clip(1, 10)
    sums = Sums.of(values, np.ones_like(values), np.arange(rows), rows)
    cell = ratio_cells(sums, ["a"], Scale(1, 10, "plain"))["a"]
    low, high = stats.t.interval(0.95, rows - 1, values.mean(), stats.sem(values[:, 0]))
    assert (cell["value"], cell["low"], cell["high"]) == pytest.approx((values.mean(), max(low, 1), min(high, 10)))
    nothing = difference_cells(sums, sums, ["a"], Scale(1, 10, "plain"))["a"]
    assert (nothing["value"], nothing["low"], nothing["high"]) == (0, None, None)
    unknown = Sums.of(np.full_like(values, np.nan), np.ones_like(values), np.arange(rows), rows)
    assert ratio_cells(unknown, ["a"], Scale(1, 10, "plain"))["a"]["value"] is None
    assert estimate_cells(sums, 0, sums.counted, sums.informed, ["a"], Scale(0, 1, "plain"))["a"]["value"] is None


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1))
def test_codes_number_keys_as_they_are_met(keys: list[str]) -> None:
    found, total = codes(keys)
    assert [list(dict.fromkeys(keys))[code] for code in found] == keys
    assert total == len(set(keys)) and enough(total) == (total >= FEWEST_CLUSTERS)


@given(st.floats(-1, 1), st.floats(0, 1))
def test_what_an_interval_could_detect_is_half_its_width(value: float, half: float) -> None:
    cell = {"value": value, "low": value - half, "high": value + half, "n": 9, "undefined": 0}
    assert same(detectable(cell), half) if half > 1e-9 else detectable(cell) in (None, pytest.approx(half))
    assert detectable({**cell, "low": None, "high": None}) is None
    assert (unless_certain(cell)["low"] is None) == (2 * half <= 1e-9) or half < 1e-8


@given(PS, SEEDS)
def test_corrected_p_values_keep_their_order_and_never_shrink(ps: list[float | None], seed: int) -> None:
    known = [p for p in ps if p is not None]
    for correct in (holm, discoveries):
        found = correct(ps)
        assert [p is None for p in found] == [p is None for p in ps]
        pairs = sorted((p, q) for p, q in zip(ps, found, strict=True) if p is not None and q is not None)
        assert all(p <= q + 1e-12 <= 1 + 1e-9 for p, q in pairs)
        assert all(one[1] <= other[1] + 1e-12 for one, other in pairwise(pairs))
        order = np.random.default_rng(seed).permutation(len(ps))
        moved = correct([ps[place] for place in order])
        assert all(same(moved[new], found[old]) for new, old in enumerate(order))
    if known:
        bonferroni = [min(1.0, p * len(known)) for p in known]
        assert all(
            q <= most + 1e-12 for q, most in zip([q for q in holm(ps) if q is not None], bonferroni, strict=True)
        )


@given(st.floats(-3, 3), st.floats(0.1, 3), st.integers(2, 200))
def test_p_values_are_those_of_students_t(value: float, error: float, total: int) -> None:
    arrays = np.array([value]), np.array([error]), np.array([total])
    wanted = 2 * stats.t.sf(abs(value) / error, total - 1)
    assert two_sided(*arrays)[0] == pytest.approx(wanted)
    assert above(*arrays)[0] == pytest.approx(stats.t.sf(value / error, total - 1))
    assert two_sided(np.zeros(1), np.zeros(1), np.array([total]))[0] == 1.0


@given(rated(least=12, most=40, gaps=0.1), SEEDS)
def test_tests_of_a_difference_turn_with_the_judges(before: Scores, seed: int) -> None:
    after = again(before, seed)
    forth, back = pooled_difference(before, after, FEW), pooled_difference(after, before, FEW)
    for read in (p_values, standard_errors):
        one, other = (read(each, seed=seed, resamples=20) for each in (forth, back))
        np.testing.assert_allclose(one, other, atol=1e-9)
    words = {"better": "worse", "worse": "better"}
    lost, won = (
        null_errors(pooled_difference(*pair, [spearman]), spearman, [true], seed=seed, resamples=20)
        for pair, true in (((before, after), -0.1), ((after, before), 0.1))
    )
    np.testing.assert_allclose(np.stack(lost), np.stack(won), atol=1e-9)
    for metric in FEW:
        changes = [pooled_difference(*pair, [metric]) for pair in ((before, after), (after, before))]
        found = [
            judge_all([compare(each, metric, NAMES, 0.0, seed=seed, resamples=20)], metric, 0.0)[0] for each in changes
        ]
        for name in ("mean", *NAMES):
            said, turned = (each[name]["verdict"] for each in found)
            assert turned == words.get(said, said)
            assert verdict(found[0][name], metric, 0.0) == said
            assert same(found[0][name]["p"], found[1][name]["p"])


@given(rated(least=2), SEEDS, st.sampled_from([name for name in METRICS if name != "pairwise"]))
def test_the_gates_comparison_turns_with_the_judges_and_sees_no_gain_in_none(
    before: Scores, seed: int, name: str
) -> None:
    after = again(before, seed)
    forth, back = (paired_draws(*pair, name, resamples=20) for pair in ((before, after), (after, before)))
    assert forth.comparable == back.comparable
    assert same(forth.difference, back.difference, lambda value: -value)
    np.testing.assert_allclose(forth.draws, -back.draws, atol=1e-12)
    alone = paired_draws(before, before, name, resamples=20)
    assert alone.probability in (None, 0.0) and alone.difference in (None, 0.0)


@given(rated(least=8), SEEDS)
def test_runs_that_are_one_run_have_its_numbers(scores: Scores, seed: int) -> None:
    after = again(scores, seed)
    options = {"seed": seed, "resamples": 10}
    names, scales = ["spearman", "mae"], ([value_scale(m) for m in FEW], [difference_scale(m) for m in FEW])
    once = cell_table(pooled(scores, FEW, seed), names, scales[0], NAMES, **options)
    twice = values_over_runs([scores, scores], FEW, **options)
    change = difference_over_runs([(scores, after)] * 2, FEW, **options)
    alone = cell_table(pooled_difference(scores, after, FEW, seed), names, scales[1], NAMES, **options)
    for name in ("spearman", "mae"):
        for criterion in (*NAMES, "mean"):
            for key in ("value", "low", "high"):
                assert same(twice.cells[name][criterion][key], once[name][criterion][key])
                assert same(change.cells[name][criterion][key], alone[name][criterion][key])
            spread = twice.spread(name, criterion)
            assert spread is None or spread < 1e-12
    shared = mean_estimate([pooled(scores, FEW)], [scores], [True, False])
    np.testing.assert_allclose(shared.point, pooled(scores, FEW).point)
    np.testing.assert_array_equal(shared.support, pooled(scores, FEW).support)
    assert difference_scale(spearman) == Scale(-2, 2, "plain")
    whole = difference(scores.rows([0]), after.rows([0]), **options)  # a single row: nothing but distances
    assert whole["pooled"]["spearman"]["mean"]["value"] is None


@given(st.floats(0.01, 0.5), st.floats(0.01, 4), st.integers(6, 400))
def test_power_grows_with_documents_and_differences_and_is_alpha_without_one(
    apart: float, variance: float, units: int
) -> None:
    found = [power(units * times, apart, variance, 0.05) for times in (1, 2, 3)]
    assert found == sorted(found) and 0.05 - 1e-6 <= found[0] <= 1
    assert power(units, 0.0, variance, 0.05) == pytest.approx(0.05)
    assert power(units, apart, variance, 0.05) <= power(units, 2 * apart, variance, 0.05) + 1e-9
    known = Variance(variance, 30.0)
    enough_ = needed(known, apart, alpha=0.05, target=0.8)
    assert enough_.units is not None and power(enough_.units, apart, variance, 0.05) >= 0.8
    assert enough_.units == FEWEST_CLUSTERS or power(enough_.units - 1, apart, variance, 0.05) < 0.8
    assert enough_.low is not None and enough_.low <= enough_.units
    seen = visible(known, units, alpha=0.05, target=0.8)
    assert seen is not None and power(units, seen, variance, 0.05) >= 0.8


@given(rated(least=12, most=30, gaps=0), SEEDS)
def test_variances_are_those_of_rows_where_the_metric_is_their_mean(scores: Scores, seed: int) -> None:
    plain = Scores(scores.criteria, scores.human, scores.judge)
    found = variances(pooled(plain, [mae]), seed=seed)
    errors = np.abs(scores.judge - scores.human)
    for column in range(len(NAMES)):
        variance = found[column]
        assert variance is not None and variance.value == pytest.approx(errors[:, column].var(ddof=1), abs=1e-12)
        assert variance.interval[0] <= variance.value <= variance.interval[1]
    falls = scaling(pooled(plain, [mae]), seed=seed, draws=20)[0]
    assert all(each is None or each >= 0 for each in falls)


@given(SHARES, st.floats(1, 9), st.floats(1, 9))
def test_reliability_of_more_raters_is_larger_and_back_again_the_same(single: float, few: float, more: float) -> None:
    stepped = mean_reliability(single, few, more)
    assert 0 < stepped < 1
    assert same(few, more) or (stepped >= single) == (more >= few)
    assert mean_reliability(stepped, more, few) == pytest.approx(single)
    assert seen_difference(seen_difference(0.1, single, stepped), stepped, single) == pytest.approx(0.1)


@given(rated(), SEEDS)
def test_scores_of_chosen_rows_and_columns_are_themselves(scores: Scores, seed: int) -> None:
    moved = shuffled(scores, seed)
    assert resampled_clusters(scores, seed)[1] == clusters(scores)[1] == clusters(moved)[1]
    counts = scores.coverage()[NAMES[0]]
    assert counts["scored"] + counts["unscored"] == counts["rows"] == len(scores)
    assert scores.columns(NAMES[1:]).names == NAMES[1:]
    assert len(tables_of(scores, seed)[0]) == len(NAMES)
    require_same_rows(scores, again(scores, seed))
    if len(scores) > 1:
        with pytest.raises(ValueError, match="cannot be paired"):
            require_same_rows(scores, scores.rows([0]))
