"""The bounds for unscored rows contain everything that the rows might have got."""

from itertools import product

import numpy as np
import pytest

from metrics.metric import METRICS, Metric
from metrics.scores import Values
from metrics.worst_case import filling_bounds, worst_case
from signatures.records import Criterion
from tests.metrics.rated import judged, scores

SCALE = Criterion("fluency", 1, 3)


def fillings(judge: Values, levels: tuple[int, ...]) -> list[Values]:
    unscored = np.flatnonzero(np.isnan(judge))
    filled = []
    for chosen in product(levels, repeat=len(unscored)):
        filled.append(judge.copy())
        filled[-1][unscored] = chosen
    return filled


def cases() -> list[tuple[Values, Values]]:
    generator, made = np.random.default_rng(5), []
    for case in range(8):
        human = generator.integers(1, 4, (14, 1 + case % 3)).mean(axis=1)
        judge = np.clip(np.round(human + generator.normal(0, 1, 14)), 1, 3)
        judge[generator.permutation(14)[: 1 + case % 6]] = np.nan
        made.append((judge, human))
    return made


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
@pytest.mark.parametrize("judge, human", cases())
def test_bounds_are_the_extremes_of_all_fillings(metric: Metric, judge: Values, human: Values) -> None:
    values = [metric(filled, human) for filled in fillings(judge, SCALE.levels)]
    defined = [value for value in values if value is not None]
    assert filling_bounds(metric, SCALE, judge, human) == pytest.approx((min(defined), max(defined)), abs=1e-12)


def test_a_fractional_judge_might_have_met_a_fractional_rating() -> None:
    judge, human = np.array([1.5, np.nan]), np.array([1.5, 2.5])
    assert filling_bounds(METRICS["mae"], SCALE, judge, human) == (0.0, 0.75)
    assert filling_bounds(METRICS["mae"], SCALE, np.array([1.0, np.nan]), human) == (0.5, 1.0)


def test_difference_bounds_let_each_side_have_its_own_scores() -> None:
    human = [1.0, 2, 3, 4, 5]
    before, after = scores([1, 2, 3, np.nan, 5], human), scores([1, 2, np.nan, np.nan, 5], human)
    assert worst_case(before, after)["mae"]["fluency"] == pytest.approx({"low": -3 / 5, "high": 5 / 5})
    assert worst_case(before, after)["accuracy"]["fluency"] == pytest.approx({"low": -2 / 5, "high": 1 / 5})


@pytest.mark.parametrize("name", METRICS)
def test_with_everything_scored_both_bounds_are_the_difference(name: str) -> None:
    before, after = judged(1, 10, 4, noise=2.0), judged(1, 10, 4)
    metric, human = METRICS[name], before.human[:, 1]
    later, earlier = metric(after.judge[:, 1], human), metric(before.judge[:, 1], human)
    assert later is not None
    assert earlier is not None
    assert worst_case(before, after)[name]["relevance"] == {"low": later - earlier, "high": later - earlier}


def test_nothing_scored_at_all_still_has_bounds_and_constant_humans_have_none() -> None:
    nothing = scores([np.nan] * 4, [1, 2, 3, 4])
    bounds = worst_case(nothing, nothing)
    assert bounds["spearman"]["fluency"] == pytest.approx({"low": -2, "high": 2})
    assert bounds["off_by_one"]["fluency"] == {"low": -1.0, "high": 1.0}
    constant = scores([1, 2, np.nan], [2, 2, 2])
    assert worst_case(constant, constant)["kendall"]["fluency"] == {"low": None, "high": None}


def test_many_unscored_rows_of_a_judge_with_real_scores_are_bounded_in_groups() -> None:
    generator = np.random.default_rng(6)
    human = generator.integers(1, 6, (700, 3)).mean(axis=1)
    judge = human + generator.normal(0, 1, 700)
    unscored = np.where(generator.random(700) < 0.1, np.nan, judge)
    for name in ("spearman", "kendall", "qwk", "krippendorff"):
        low, high = filling_bounds(METRICS[name], Criterion("fluency", 1, 5), unscored, human)
        metric = METRICS[name]
        for filling in (np.full(700, 1.0), np.full(700, 5.0), np.round(human), 6 - np.round(human)):
            value = metric(np.where(np.isnan(unscored), filling, unscored), human)
            assert value is not None
            assert low <= value <= high
