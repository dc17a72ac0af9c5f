"""The published equations: their properties, and what TorchJD makes of the same matrices."""

import json
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics.scores import Values
from programs.optimizer.conflict.cagrad import cagrad
from programs.optimizer.conflict.mgda import mgda, mgda_weights
from programs.optimizer.conflict.pcgrad import pcgrad

CASES = json.loads(Path(__file__).with_name("torchjd.json").read_text("utf-8"))["cases"]
MATRICES = [np.array(case["gradients"]) for case in CASES]


class Orders:
    """A random generator whose permutations are given."""

    def __init__(self, orders: tuple[tuple[int, ...], ...]) -> None:
        self.orders = iter(orders)

    def permutation(self, count: int) -> tuple[int, ...]:
        return next(self.orders)


def every_pcgrad(gradients: Values) -> list[Values]:
    """The results of PCGrad for all orders in which rows can meet."""
    count = len(gradients)
    apart = [
        [
            pcgrad_row(place, gradients, order)
            for order in permutations(other for other in range(count) if other != place)
        ]
        for place in range(count)
    ]
    return [np.sum(rows, axis=0) for rows in product(*apart)]


def pcgrad_row(place: int, gradients: Values, order: tuple[int, ...]) -> Values:
    """One projected row: the whole sum less that of the others, which are asked with empty orders."""
    orders = tuple(order if row == place else () for row in range(len(gradients)))
    whole = pcgrad(gradients, Orders(orders))  # type: ignore[arg-type]
    return whole - np.delete(gradients, place, axis=0).sum(axis=0)


@pytest.mark.parametrize("case", [case for case in CASES if len(case["gradients"]) <= 3])
def test_pcgrad_is_torchjds_for_one_of_its_random_orders(case: dict[str, Any]) -> None:
    found = every_pcgrad(np.array(case["gradients"]))
    assert min(np.abs(each - case["pcgrad"]).max() for each in found) < 1e-9


@pytest.mark.parametrize("case", CASES)
def test_mgda_is_torchjds_or_shorter(case: dict[str, Any]) -> None:
    """TorchJD steps towards the minimum (Frank-Wolfe) and stops near it."""
    own, other = mgda(np.array(case["gradients"])), np.array(case["mgda"])
    assert np.linalg.norm(own) <= np.linalg.norm(other) + 1e-9
    assert np.abs(own - other).max() < 2e-2


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("radius", ["0.0", "0.4", "0.9"])
def test_cagrad_serves_the_worst_served_as_well_as_torchjds(case: dict[str, Any], radius: str) -> None:
    """Where several directions serve it equally well, either may be found."""
    gradients = np.array(case["gradients"])
    own, other = cagrad(gradients, float(radius)), np.array(case["cagrad"][radius])
    size = np.abs(gradients).max()
    assert (gradients @ own).min() >= (gradients @ other).min() - 1e-4 * size**2


@pytest.mark.parametrize("gradients", MATRICES)
def test_no_row_points_against_the_shortest_mean(gradients: Values) -> None:
    weights, found = mgda_weights(gradients), mgda(gradients)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert (gradients @ found).min() >= found @ found - 1e-9


@pytest.mark.parametrize("gradients", MATRICES)
def test_cagrad_stays_near_the_mean_and_serves_the_worst_served_no_worse(gradients: Values) -> None:
    mean, found = gradients.mean(axis=0), cagrad(gradients, 0.5)
    assert np.linalg.norm(found - mean) <= 0.5 * np.linalg.norm(mean) + 1e-9
    assert (gradients @ found).min() >= (gradients @ mean).min() - 1e-9


def test_two_rows_in_conflict_no_longer_meet_after_pcgrad() -> None:
    gradients = np.array([[1.0, 0.5], [-1.0, 1.0]])
    found = pcgrad(gradients, np.random.default_rng(0))
    assert (gradients @ found > 0).all()
    assert (gradients @ gradients.sum(axis=0)).min() < (gradients @ found).min()


@pytest.mark.parametrize("gradients", [np.array([[1.0, 2.0], [2.0, 0.0]]), np.eye(3)])
def test_rows_that_agree_are_added_as_they_are(gradients: Values) -> None:
    assert pcgrad(gradients, np.random.default_rng(0)) == pytest.approx(gradients.sum(axis=0))


def test_opposite_rows_leave_nothing() -> None:
    gradients = np.array([[1.0, -2.0], [-1.0, 2.0]])
    assert mgda(gradients) == pytest.approx([0, 0])
    assert pcgrad(gradients, np.random.default_rng(0)) == pytest.approx([0, 0])
    assert cagrad(gradients) == pytest.approx([0, 0])


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_the_gains_does_not_matter(scale: float) -> None:
    for gradients in MATRICES:
        for combine in (mgda, cagrad, lambda each: pcgrad(each, np.random.default_rng(3))):
            assert combine(scale * gradients) / scale == pytest.approx(combine(gradients), abs=2e-4)


def test_rows_of_zeros_are_no_error() -> None:
    nothing = np.zeros((3, 2))
    for found in (mgda(nothing), cagrad(nothing), pcgrad(nothing, np.random.default_rng(0))):
        assert found == pytest.approx([0, 0])


@pytest.mark.parametrize("radius", [-0.1, 1.0])
def test_a_radius_for_which_nothing_is_shown_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match="radius must be"):
        cagrad(np.eye(2), radius)
