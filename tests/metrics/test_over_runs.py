"""Means over runs, and what a study measures beside agreement."""

import numpy as np
import pytest

from metrics.detectable import detectable
from metrics.hypervolume import hypervolume, non_dominated
from metrics.length import Lengths, gini
from metrics.metric import METRICS
from metrics.over_runs import difference_over_runs, mean_or_none, values_over_runs
from metrics.scores import Scores
from metrics.summary import summarize
from signatures.records import Criterion

CRITERIA = (Criterion("a", 1, 5), Criterion("b", 1, 5))
ALL = list(METRICS.values())


def scores(seed: int, documents: int, rows: int = 120) -> Scores:
    random = np.random.default_rng(seed)
    human, judge = random.integers(1, 6, (2, rows, 2)).astype(float)
    return Scores(CRITERIA, human, np.where(random.random((rows, 2)) < 0.5, human, judge), np.arange(rows) % documents)


@pytest.mark.parametrize("documents", [4, 12, 40])
def test_one_run_is_its_own_summary(documents: int) -> None:
    one = scores(0, documents)
    assert values_over_runs([one], ALL).cells == summarize(one)["pooled"]


def test_the_same_run_twice_has_the_same_value_and_interval() -> None:
    one = scores(1, 40)
    alone, twice = (values_over_runs(runs, ALL).cells["mae"]["mean"] for runs in ([one], [one, one]))
    assert twice["n"] == 2 * (alone["n"] or 0)
    assert [twice[name] for name in ("value", "low", "high")] == pytest.approx(
        [alone[name] for name in ("value", "low", "high")]
    )


def test_runs_of_other_documents_have_a_narrower_interval_than_one_alone() -> None:
    one, other = scores(1, 40), scores(2, 40)
    other = Scores(CRITERIA, other.human, other.judge, other.documents + 40)  # type: ignore[operator]
    widths = []
    for runs in ([one], [one, other]):
        found = values_over_runs(runs, [METRICS["mae"]]).cells["mae"]["mean"]
        widths.append((found["high"] or 0) - (found["low"] or 0))
    assert 0.55 < widths[1] / widths[0] < 0.9  # 1 / sqrt(2)


def test_a_run_without_a_value_leaves_the_mean_undefined() -> None:
    one = scores(1, 12)
    constant = Scores(CRITERIA, one.human, np.ones_like(one.judge), one.documents)
    found = difference_over_runs([(one, one), (one, constant)], [METRICS["spearman"], METRICS["mae"]])
    assert found.cells["spearman"]["mean"]["value"] is None
    assert found.spread("spearman") is None
    assert found.cells["mae"]["mean"]["value"] is not None


def test_runs_that_share_only_some_documents_are_resampled_together() -> None:
    one, other = scores(1, 8), scores(2, 8)
    other = Scores(CRITERIA, other.human, other.judge, other.documents + 4)  # type: ignore[operator]
    found = values_over_runs([one, other], ALL).cells["spearman"]["a"]
    assert found["low"] is not None


def test_lengths() -> None:
    lengths = Lengths.of({"a": "one two three", "b": "one", "c": ""})
    assert lengths.tokens == {"a": 3, "b": 1, "c": 0}
    assert lengths.others == {"a": 1, "b": 3, "c": 4}
    assert lengths.shares == {"a": 0.75, "b": 0.25, "c": 0}
    assert lengths.ratio is None
    assert lengths.gini == pytest.approx(0.5)  # differences 2, 3, 1, each twice, over 2 x 3 x 4
    assert (gini([]), gini([0, 0]), gini([5])) == (None, None, 0)


def test_hypervolume_is_the_area_by_hand() -> None:
    assert hypervolume([[0.5, 0.0], [0.0, 0.5]], -1) == pytest.approx(1.5 * 1 + 1 * 0.5)
    assert hypervolume([[0.5, None]], -1) is None
    assert non_dominated([[1, 0], [0, 1], [0, 0], [None, 2], [1, 0]]) == [True, True, False, None, False]


def test_what_could_be_detected() -> None:
    assert detectable({"value": 0.1, "low": -0.1, "high": 0.5, "n": 9}) == 0.3
    assert detectable({"value": 0.1, "low": None, "high": None, "n": 3}) is None
    assert detectable({"value": 0.0, "low": 0.0, "high": 0.0, "n": 9}) is None
    assert (mean_or_none([1, 3]), mean_or_none([1, None]), mean_or_none([])) == (2, None, None)
