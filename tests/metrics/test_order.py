"""Scores of two orders are compared row by row, and the change of agreement is the paired difference."""

import numpy as np
import pytest
from scipy import stats

from metrics.order import order_change
from metrics.scores import Scores
from metrics.summary import difference
from tests.metrics.rated import judged


def moved(scores: Scores, seed: int) -> Scores:
    """Another order's scores: a third of them a level higher, a few unscored."""
    generator = np.random.default_rng(seed)
    judge = np.clip(scores.judge + (generator.random(scores.judge.shape) < 0.3), 1, 5)
    return scores.with_judge(np.where(generator.random(judge.shape) < 0.05, np.nan, judge))


def test_values_of_each_order_are_those_of_direct_computation() -> None:
    own = judged(1, 35, 3, unscored=0.05)
    others = [moved(own, 1), moved(own, 2)]
    found = order_change(own, others, resamples=200)
    for other, tables in zip(others, found["each"], strict=True):
        agreement = difference(own, other, resamples=200)["pooled"]
        assert tables["agreement"] == {name: agreement[name] for name in ("spearman", "mae")}
        for column, name in enumerate(own.names):
            both = own.scored[:, column] & other.scored[:, column]
            first, second = own.judge[both, column], other.judge[both, column]
            between = {metric: cells[name] for metric, cells in tables["between"].items()}
            assert between["changed"]["value"] == pytest.approx(np.mean(first != second))
            assert between["moved"]["value"] == pytest.approx(np.mean(np.abs(first - second)))
            assert between["spearman"]["value"] == pytest.approx(stats.spearmanr(first, second).statistic)
            assert all(cell["low"] < cell["value"] < cell["high"] for cell in between.values())
            assert between["changed"]["n"] == both.sum()
    for part, metric in (("between", "changed"), ("between", "spearman"), ("agreement", "mae")):
        for name in ("mean", *own.names):
            values = [tables[part][metric][name]["value"] for tables in found["each"]]
            cell = found["mean"][part][metric][name]
            assert cell["value"] == pytest.approx(np.mean(values))
            assert cell["low"] < cell["value"] < cell["high"]
            assert cell["n"] == min(tables[part][metric][name]["n"] for tables in found["each"])


def test_an_order_that_changes_nothing_says_so() -> None:
    own = judged(2, 35, 2)
    found = order_change(own, [own], resamples=50)["mean"]
    assert found["between"]["changed"]["mean"]["value"] == 0
    assert found["between"]["spearman"]["mean"]["value"] == pytest.approx(1)
    assert found["agreement"]["spearman"]["mean"]["value"] == 0


def test_an_order_without_a_score_is_undefined() -> None:
    own = judged(3, 35, 2)
    silent = own.with_judge(np.full_like(own.judge, np.nan))
    found = order_change(own, [silent], resamples=20)["mean"]
    assert {cell["value"] for tables in found.values() for cells in tables.values() for cell in cells.values()} == {
        None
    }


def test_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="rows"):
        order_change(judged(4, 10, 2), [judged(5, 10, 2)])
