"""Rows on which the raters are divided, in the order in which another opinion helps."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from metrics.relabel import divided, mean_difference
from metrics.scores import Scores
from tests.metrics.panels import rated
from tests.metrics.rated import criteria, judged


def test_disagreement_is_the_mean_difference_of_two_raters() -> None:
    scores, _ = rated(1, 20, 2, 5, missing=0.5)
    assert scores.raters is not None
    found = mean_difference(scores.raters)
    for place in np.ndindex(found.shape):
        given = [each for each in scores.raters[place] if not np.isnan(each)]
        pairs = [abs(one - other) for one, other in combinations(given, 2)]
        assert found[place] == pytest.approx(np.mean(pairs)) if pairs else np.isnan(found[place])


def made(raters: list[list[float]], judge: list[float]) -> Scores:
    panel = np.array(raters)[:, None]
    return Scores(criteria(("tone",)), np.nanmean(panel, axis=2), np.array(judge)[:, None], raters=panel)


def test_divided_panels_come_first_and_among_them_those_that_the_judge_disputes() -> None:
    nan = np.nan
    scores = made(
        [[3, 3, 3], [1, 5, nan], [4, 5, 4], [1, 5, nan], [2, nan, nan], [1, 5, 5]], [1, 3, 4, 5, 5, nan]
    )  # fmt: skip
    found = divided(scores)
    assert [each.row for each in found] == [3, 1, 5, 2]  # not 0, where the judge alone is off; not 4, with one rater
    first, second, third, last = found
    assert (first.given, first.human, first.judge) == ((1.0, 5.0), 3.0, 5.0)
    assert (first.disagreement, first.distance, first.priority) == (1.0, 0.5, 1.5)
    assert (second.distance, second.priority) == (0.0, 1.0)
    assert (third.judge, third.distance, third.priority) == (None, None, pytest.approx(2 / 3))
    assert last.priority == pytest.approx(1 / 6 * (1 + 1 / 12))


def test_equal_fractions_are_no_disagreement() -> None:
    assert divided(made([[4.1] * 4, [3.3] * 4], [1, 2])) == []


def test_without_raters_there_is_nothing_to_say() -> None:
    assert divided(judged(1, 5, 4)) == []
    scores, _ = rated()
    assert {each.criterion for each in divided(scores)} == set(scores.names)
    assert divided(replace(scores, raters=None)) == []
