"""Agreement among raters against plain loops and the krippendorff package, with scores missing and rows weighted."""

from itertools import combinations

import krippendorff
import numpy as np
import pytest
from scipy import stats

from metrics.reliability import MOST_SPLITS, Panel, splits
from metrics.scores import Values
from tests.metrics.panels import rated

CASES = [(raters, missing) for raters in (2, 3, 4, 5) for missing in (0.0, 0.4)]


def panel_of(raters: int, missing: float, seed: int = 1) -> Panel:
    scores, _ = rated(seed, 30, 3, raters, missing=missing)
    assert scores.raters is not None
    assert scores.documents is not None
    return Panel(scores.raters[:, 0], scores.documents, 30)


def value(found: Values) -> float:
    assert found.shape == (1,)
    return float(found[0])


def plain(panel: Panel) -> Values:
    return np.ones((1, panel.clusters))


def spearman(one: Values, other: Values) -> tuple[float, int]:
    known = ~np.isnan(one) & ~np.isnan(other)
    return stats.spearmanr(one[known], other[known]).statistic, int(known.sum())


def mean(scores: Values) -> Values:
    """The mean of the scores of each row that are there."""
    return np.array([np.mean(row[~np.isnan(row)]) if (~np.isnan(row)).any() else np.nan for row in scores])


@pytest.mark.parametrize("raters, missing", CASES)
def test_leaving_one_rater_out_is_each_rater_against_the_mean_of_the_others(raters: int, missing: float) -> None:
    panel = panel_of(raters, missing)
    pairs = [spearman(panel.scores[:, each], mean(np.delete(panel.scores, each, axis=1))) for each in range(raters)]
    expected = sum(rho * rows for rho, rows in pairs) / sum(rows for _, rows in pairs)
    assert value(panel.alone(plain(panel))) == pytest.approx(expected)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_a_judge_takes_each_raters_place_on_that_raters_rows(missing: float) -> None:
    panel = panel_of(3, missing)
    judge = np.random.default_rng(0).integers(1, 6, len(panel.scores)).astype(float)
    pairs = []
    for each in range(3):
        in_place = np.where(np.isnan(panel.scores[:, each]), np.nan, judge)
        pairs.append(spearman(in_place, mean(np.delete(panel.scores, each, axis=1))))
    expected = sum(rho * rows for rho, rows in pairs) / sum(rows for _, rows in pairs)
    assert value(panel.against_others(judge)(plain(panel))) == pytest.approx(expected)


def test_a_rater_in_the_judges_place_is_as_good_as_that_rater() -> None:
    panel = panel_of(2, 0.0)
    first = panel.scores[:, 0]
    against_both = (1.0 + spearman(first, panel.scores[:, 1])[0]) / 2
    assert value(panel.against_others(first)(plain(panel))) == pytest.approx(against_both)


@pytest.mark.parametrize("raters, missing", [case for case in CASES if case[0] < 5])
def test_split_half_is_the_mean_over_halves_stepped_up(raters: int, missing: float) -> None:
    panel = panel_of(raters, missing)
    half, rows = raters // 2, ~np.isnan(panel.scores)
    found, sizes = [], []
    for one in combinations(range(raters), half):
        for other in combinations(set(range(raters)) - set(one), half):
            if one < other:
                sides = panel.scores[:, one], panel.scores[:, other]
                found.append(spearman(*map(mean, sides)))
                used = rows[:, one].any(axis=1) & rows[:, other].any(axis=1)
                sizes += [*rows[np.ix_(used, one)].sum(axis=1), *rows[np.ix_(used, other)].sum(axis=1)]
    assert len(found) <= MOST_SPLITS
    rho = sum(each * count for each, count in found) / sum(count for _, count in found)
    factor = stats.hmean(rows.sum(axis=1)) / stats.hmean(sizes)
    if not missing:
        assert factor == pytest.approx(raters / half)
    assert value(panel.split_half(plain(panel))) == pytest.approx(factor * rho / (1 + (factor - 1) * rho))


@pytest.mark.parametrize("raters, missing", [(2, 0.0), (3, 0.0), (4, 0.0), (7, 0.0), (5, 0.4)])
def test_split_half_recovers_the_reliability_that_is_known(raters: int, missing: float) -> None:
    """The root of the reliability of the mean is its correlation with the truth, which only a simulation knows."""
    scores, truth = rated(3, 4000, 1, raters, missing=missing, levels=None)
    assert scores.raters is not None
    panel = Panel(scores.raters[:, 0], np.zeros(len(scores), dtype=np.intp), 1)
    known = stats.spearmanr(truth[:, 0], scores.human[:, 0]).statistic
    assert np.sqrt(value(panel.split_half(np.ones((1, 1))))) == pytest.approx(known, abs=0.015)


def test_the_ways_to_halve_a_panel() -> None:
    assert splits(1) == []
    assert splits(2) == [((0,), (1,))]
    assert set(splits(3)) == {((0,), (1,)), ((0,), (2,)), ((1,), (2,))}
    assert set(splits(4)) == {((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))}
    for raters in (5, 8, 20):
        found = splits(raters, seed=2)
        assert len(set(found)) == MOST_SPLITS
        assert all(len(one) == len(other) == raters // 2 and not set(one) & set(other) for one, other in found)
        assert found == splits(raters, seed=2) != splits(raters, seed=3)
    assert len(splits(6)) == 10


@pytest.mark.parametrize("raters, missing", [*CASES, (8, 0.7)])
def test_alpha_is_that_of_the_krippendorff_package(raters: int, missing: float) -> None:
    panel = panel_of(raters, missing)
    for interval, level in ((False, "ordinal"), (True, "interval")):
        expected = krippendorff.alpha(reliability_data=panel.scores.T, level_of_measurement=level)
        assert value(panel.alpha(plain(panel), interval=interval)) == pytest.approx(expected)


def test_alpha_of_fractional_scores_is_that_of_the_package() -> None:
    scores, _ = rated(4, 20, 2, 3, levels=None, missing=0.2)
    assert scores.raters is not None
    panel = Panel(scores.raters[:, 0], np.arange(40), 40)
    for interval, level in ((False, "ordinal"), (True, "interval")):
        expected = krippendorff.alpha(reliability_data=panel.scores.T, level_of_measurement=level)
        assert value(panel.alpha(plain(panel), interval=interval)) == pytest.approx(expected)


def test_a_cluster_that_counts_twice_is_the_same_as_its_rows_twice() -> None:
    panel = panel_of(4, 0.3)
    weights = np.random.default_rng(5).integers(0, 3, panel.clusters)
    rows = np.concatenate([np.flatnonzero(panel.codes == code) for code in np.repeat(np.arange(30), weights)])
    repeated = Panel(panel.scores[rows], np.arange(len(rows)), len(rows))
    both = np.stack([weights, np.ones(30)]).astype(float)
    for name in ("alone", "alpha"):
        found = getattr(panel, name)(both)
        assert found[0] == pytest.approx(value(getattr(repeated, name)(plain(repeated))))
        assert found[1] == pytest.approx(value(getattr(panel, name)(plain(panel))))
    # the step-up factor is that of all rows
    correlation = [spearman(*(mean(repeated.scores[:, half]) for half in split)) for split in splits(4)]
    rho = sum(each * count for each, count in correlation) / sum(count for _, count in correlation)
    factor = panel._factor
    assert panel.split_half(both)[0] == pytest.approx(factor * rho / (1 + (factor - 1) * rho))


def test_what_cannot_be_known_is_undefined() -> None:
    nothing = np.full((6, 3), np.nan)
    one = nothing.copy()
    one[:, 0] = [1, 2, 3, 4, 5, 1]
    single = nothing.copy()
    single[2] = [1, 2, 3]
    constant = np.full((6, 3), 2.0)
    for scores in (nothing, one, single, constant, one[:, :1]):
        panel = Panel(scores, np.arange(6), 6)
        for method in (panel.alone, panel.split_half, panel.alpha, panel.against_others(one[:, 0])):
            assert np.isnan(value(method(np.ones((1, 6))))), (scores, method)


def test_a_constant_rater_is_left_out_and_the_others_count() -> None:
    panel = panel_of(3, 0.0)
    flat = np.column_stack([panel.scores[:, :2], np.full(len(panel.scores), 3.0)])
    pairs = [spearman(flat[:, 0], mean(flat[:, 1:]))[0], spearman(flat[:, 1], mean(flat[:, [0, 2]]))[0]]
    assert value(Panel(flat, panel.codes, 30).alone(plain(panel))) == pytest.approx(np.mean(pairs))


def test_raters_who_contradict_each_other_are_not_stepped_beyond_minus_one() -> None:
    scores = np.array([[1, 5], [2, 4], [3, 3], [4, 2], [5, 1.0]])
    assert value(Panel(scores, np.arange(5), 5).split_half(np.ones((1, 5)))) == pytest.approx(-1)
