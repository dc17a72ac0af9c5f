"""Pairwise accuracy with ties equals a double loop over the rows, and tie calibration an exhaustive search."""

from itertools import combinations

import numpy as np
import pytest

from metrics import pairwise as module
from metrics.estimates import pooled
from metrics.intervals import intervals, value_scale
from metrics.metric import pairwise
from metrics.pairwise import best_epsilon, pairwise_accuracy
from metrics.scores import Values
from metrics.tables import tabulate
from metrics.ties import Ties, calibrated, choose_ties
from tests.metrics.rated import judged
from tests.metrics.test_metric import Pair, random_pairs


def by_loop(judge: Values, human: Values, epsilon: float = 0.0) -> float:
    right = pairs = 0
    for first, second in combinations(range(len(judge)), 2):
        apart = judge[first] - judge[second]
        order = 0 if abs(apart) <= epsilon else np.sign(apart)
        right += order == np.sign(human[first] - human[second])
        pairs += 1
    return right / pairs


def with_epsilon(judge: Values, human: Values, epsilon: float) -> float:
    cells, place = tabulate(judge, human)
    counts = np.bincount(place, minlength=len(cells.judge_codes)).astype(np.float64)
    return float(pairwise_accuracy(cells, counts[None], epsilon)[0])


@pytest.mark.parametrize("pair", random_pairs()[:12])
def test_equal_to_a_double_loop(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pairwise(*pair) == pytest.approx(by_loop(*pair), abs=1e-12)
    monkeypatch.setattr(module, "PAIR_BLOCK", 7)
    for epsilon in (0.3, 1.0, 100.0):
        assert with_epsilon(*pair, epsilon) == pytest.approx(by_loop(*pair, epsilon), abs=1e-12)


@pytest.mark.parametrize("pair", random_pairs()[:9:2])
def test_the_best_epsilon_is_that_of_an_exhaustive_search(pair: Pair) -> None:
    judge, human = pair[0][:12], pair[1][:12]
    candidates = sorted({0.0, *np.abs(judge[:, None] - judge).ravel()})
    accuracies = [by_loop(judge, human, epsilon) for epsilon in candidates]
    assert best_epsilon(judge, human) == candidates[int(np.argmax(accuracies))]


def test_a_tie_of_the_raters_is_to_be_found_and_one_of_the_judge_alone_is_wrong() -> None:
    assert pairwise([1, 1, 2], [3, 3, 4]) == 1
    assert pairwise([1, 2, 3], [3, 3, 4]) == pytest.approx(2 / 3)
    assert pairwise([1, 1, 1], [1, 2, 3]) == 0
    assert pairwise([1, 1, 1], [1, 1, 3]) == pytest.approx(1 / 3)
    assert pairwise([1], [2]) is None


def test_a_judge_whose_scores_hardly_tie_gains_by_an_epsilon_and_whole_scores_need_none() -> None:
    generator = np.random.default_rng(0)
    human = np.where(generator.random(300) < 0.7, 1.0, generator.integers(2, 6, 300))
    judge = human + generator.normal(0, 0.2, 300)
    epsilon = best_epsilon(judge, human)
    assert 0.2 < epsilon < 1
    assert with_epsilon(judge, human, epsilon) > with_epsilon(judge, human, 0.0) + 0.3
    assert best_epsilon(human, human) == 0
    assert best_epsilon(np.full(5, np.nan), np.ones(5)) == 0


def test_an_epsilon_is_chosen_on_a_part_of_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    human = generator.integers(1, 4, 90).astype(np.float64)
    judge = human + generator.normal(0, 0.5, 90)
    monkeypatch.setattr(module, "MOST_ROWS", 30)
    assert best_epsilon(judge, human) == best_epsilon(judge[::3], human[::3])
    monkeypatch.setattr(module, "MOST_ROWS", 90)
    assert best_epsilon(judge, human) != best_epsilon(judge[::3], human[::3])


def test_calibrated_pairs_of_each_criterion_have_its_own_epsilon_and_an_interval() -> None:
    drawn = judged(1, 30, 2, unscored=0.1)
    real = drawn.with_judge(drawn.judge + np.random.default_rng(2).normal(0, 0.3, drawn.judge.shape))
    ties = choose_ties(real, "validation rows")
    assert ties is not None
    found = calibrated(real, ties, resamples=100)
    assert (found["epsilon"], found["chosen_on"]) == (ties.epsilon, "validation rows")
    for column, name in enumerate(real.names):
        scored, cell = real.scored[:, column], found["accuracy"][name]
        naive = by_loop(real.judge[scored, column], real.human[scored, column], ties.epsilon[name])
        assert cell["value"] == pytest.approx(naive)
        assert 0 < cell["low"] < cell["value"] < cell["high"] < 1
        assert cell["n"] == scored.sum()
    assert choose_ties(drawn, "validation rows") is None
    assert calibrated(drawn, Ties(dict.fromkeys(drawn.names, 0.0), "stated"))["accuracy"]["fluency"][
        "value"
    ] == pairwise(drawn.judge[:, 0], drawn.human[:, 0])


def test_its_interval_covers_about_as_often_as_it_says() -> None:
    """The truth is the value of very many documents; row copies in resamples must not shift the interval."""
    many = judged(10_000, 500, 4)
    truth = pooled(many, [pairwise]).point[0, 0]
    covered = 0
    for seed in range(40):
        low, high = intervals(pooled(judged(seed, 30, 4), [pairwise]), [value_scale(pairwise)], seed=0, resamples=100)
        covered += low[0, 0] <= truth <= high[0, 0]
    assert 34 <= covered <= 40
