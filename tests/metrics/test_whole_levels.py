"""The best judge of whole levels, against every judge there is on small tables."""

from itertools import chain, combinations_with_replacement, product

import numpy as np
import pytest
from scipy import stats

from metrics.metric import METRICS
from metrics.scores import Scores
from metrics.whole_levels import best_kendall, best_spearman, tie_ceilings
from tests.metrics.panels import rated
from tests.metrics.rated import scores

BEST = {"spearman": best_spearman, "kendall": best_kendall}


def every_judge(human: np.ndarray, levels: int, name: str) -> float:
    """The maximum over all assignments of levels to rows, monotone or not, with rows of one rating parted or not. Of
    rows of one rating it does not matter which gets a level, but how many."""
    groups = np.unique(human, return_counts=True)[1]
    ways = product(*(list(combinations_with_replacement(range(levels), rows)) for rows in groups))
    rating = np.sort(human)
    values = [METRICS[name](np.array([*chain(*way)], dtype=float), rating) for way in ways]
    return max(value for value in values if value is not None)


@pytest.mark.parametrize("name", BEST)
@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_no_judge_of_whole_levels_is_better(name: str, levels: int, seed: int) -> None:
    random = np.random.default_rng([seed, levels])
    human = random.choice([1, 4 / 3, 5 / 3, 2, 3, 4.5], size=7 if levels == 2 else 6, p=[0.3, 0.1, 0.1, 0.3, 0.1, 0.1])
    if len(set(human)) > 1:
        assert BEST[name](human, levels) == pytest.approx(every_judge(human, levels, name))


@pytest.mark.parametrize("name", BEST)
def test_a_large_group_in_the_middle_is_not_parted(name: str) -> None:
    human = np.array([1.0, *[2.0] * 6, 3.0])
    assert BEST[name](human, 2) == pytest.approx(every_judge(human, 2, name))


def test_the_bound_is_that_of_a_judge_that_exists() -> None:
    """Of many bins the best cuts are found by trying all of them."""
    human = np.round(np.random.default_rng(3).normal(3, 1, 60) * 3) / 3
    known = np.unique(human)
    judges = [np.searchsorted([one, other], human) for one in known[1:] for other in known[1:] if one < other]
    for name, reference in (("spearman", stats.spearmanr), ("kendall", stats.kendalltau)):
        assert BEST[name](human, 3) == pytest.approx(max(reference(judge, human).statistic for judge in judges))


def test_without_more_ratings_than_levels_there_is_no_ceiling_below_one() -> None:
    human = np.array([1, 1, 2, 5, 5, 3.0])
    for best in BEST.values():
        assert best(human, 5) == best(human, 4) == 1
        assert best(human, 3) < 1
        assert best(np.full(4, 2.0), 5) is None
        assert best(np.empty(0), 5) is None


def test_real_judges_stay_below_it() -> None:
    made, _ = rated(2, 40, 3, 3, noise=0.2)
    ceilings = tie_ceilings(made)
    for name, cells in ceilings.items():
        for place, criterion in enumerate(made.names):
            rounded = METRICS[name](np.floor(made.human[:, place] + 0.5), made.human[:, place])
            assert rounded is not None
            assert max(METRICS[name](made.judge[:, place], made.human[:, place]) or 0, rounded) <= cells[criterion] < 1
        assert cells["mean"] == pytest.approx(np.mean([cells[criterion] for criterion in made.names]))


def test_a_criterion_with_one_rating_has_none_and_no_mean() -> None:
    assert tie_ceilings(scores([1, 2], [3, 3])) == {
        "spearman": {"mean": None, "fluency": None}, "kendall": {"mean": None, "fluency": None},
    }  # fmt: skip


def test_many_distinct_ratings_are_no_burden() -> None:
    human = np.random.default_rng(0).normal(size=(1600, 1))
    made = Scores(scores([1, 2], [1, 2]).criteria, human, human)
    assert 0.97 < (tie_ceilings(made)["spearman"]["fluency"] or 0) < 0.99
