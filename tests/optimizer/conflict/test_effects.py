"""Gains and their noise, from scores."""

import numpy as np
import pytest

from metrics.scores import Scores
from programs.optimizer.conflict.effects import Effects
from programs.optimizer.conflict.resolution import METHODS, resolved
from signatures.records import Criterion

CRITERIA = (Criterion("a", 1, 5), Criterion("b", 0, 3))


def scores(judge: list[list[float]], documents: list[int] | None = None) -> Scores:
    human = np.array([[3.0, 1.0]] * len(judge))
    return Scores(CRITERIA, human, np.array(judge, dtype=float), None if documents is None else np.array(documents))


def test_gains_are_shares_of_the_scale_and_positive_where_the_edit_helps() -> None:
    before, after = scores([[5, 1], [5, 1]]), scores([[3, 1], [4, 4]])
    assert Effects.of(before, [after]).gains[:, 0] == pytest.approx([(0.5 + 0.25) / 2, -0.5])


def test_rows_that_one_judge_left_unscored_do_not_count() -> None:
    nan = float("nan")
    effects = Effects.of(scores([[5, 1], [5, nan], [5, 2]]), [scores([[3, 0], [nan, 1], [5, 2]])])
    assert effects.gains[:, 0] == pytest.approx([0.25, -1 / 6])
    lost = Effects.of(scores([[5, 1], [5, 1], [5, 2]]), [scores([[3, nan], [4, nan], [5, nan]])])
    criteria, edits = lost.usable
    assert (criteria.tolist(), edits.tolist()) == ([True, False], [True])
    none = Effects.of(scores([[nan, nan]] * 3), [scores([[3, 1]] * 3)])
    assert [part.tolist() for part in none.usable] == [[False, False], [False]]


def test_errors_are_those_of_a_mean_over_documents() -> None:
    changes = np.random.default_rng(1).standard_normal((9, 2, 3))
    effects = Effects(changes, np.arange(9))
    assert effects.errors == pytest.approx(changes.std(axis=0, ddof=1) / 3)
    # three rows of each of three documents that say the same are no nine observations
    alike = Effects(np.repeat(changes[:3], 3, axis=0), np.repeat(np.arange(3), 3))
    assert alike.errors == pytest.approx(changes[:3].std(axis=0, ddof=1) / np.sqrt(3))
    assert np.isinf(Effects(changes, np.zeros(9, dtype=int)).errors).all()


@pytest.mark.parametrize("how", ["pcgrad", "mgda"])
def test_an_edit_that_does_nothing_in_truth_is_kept_about_as_often_as_stated(how: str) -> None:
    """One-sided, one in ten, or less: no criterion gains, whatever the equation makes of that."""
    kept = 0
    for seed in range(100):
        changes = np.random.default_rng(seed).standard_normal((16, 2, 1))
        kept += len(resolved(Effects(changes, np.arange(16)), METHODS[how], (seed,)).kept)
    assert kept / 100 < 0.2


def test_a_change_of_a_single_row_is_noise_and_of_two_is_not() -> None:
    for changed, kept in ((1, ()), (2, (0,))):
        changes = np.zeros((12, 1, 1))
        changes[:changed] = 0.25
        assert resolved(Effects(changes, np.arange(12)), METHODS["pcgrad"], (0,)).kept == kept
    assert resolved(Effects(np.eye(12)[:, :1, None], np.arange(12)), METHODS["pcgrad"], (0,), 0.5).kept == (0,)
