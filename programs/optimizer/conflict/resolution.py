"""From effects to the edits that are kept: a method's weights, less what may be noise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from metrics.scores import Values
from programs.optimizer.conflict.cagrad import cagrad
from programs.optimizer.conflict.effects import NOISE, Effects, jackknife
from programs.optimizer.conflict.mgda import mgda
from programs.optimizer.conflict.pcgrad import pcgrad

SMALLEST = 1e-9
"""Weights below are rounding: an edit that moves one score by a level on one of a thousand rows has more."""

Combine = Callable[[Values, np.random.Generator], Values]
"""Gains (K, E) and a random generator -> weights (E,)."""

METHODS: Mapping[str, Combine] = {
    "pcgrad": pcgrad,
    "cagrad": lambda gains, random: cagrad(gains),
    "mgda": lambda gains, random: mgda(gains),
}
"""`--resolve`: the equations of multi-task learning, a criterion's row of gains in place of its gradient."""


def mean(gains: Values, random: np.random.Generator) -> Values:
    """No resolution: all criteria alike."""
    found: Values = gains.mean(axis=0)
    return found


@dataclass(frozen=True, eq=False)
class Resolution:
    """Weights of the edits (E,), their standard errors, and the positions of the edits that are kept, best first."""

    weights: Values
    errors: Values
    kept: tuple[int, ...]


def resolved(effects: Effects, combine: Combine, seed: tuple[int, ...], noise: float = NOISE) -> Resolution:
    """The edits whose weight is positive beyond `noise` standard errors, in the order of weight.

    The noise of a weight is that of the whole method: it is applied anew without each document (with the same draws of
    `seed`), so that it holds for methods that are no linear function of the gains.
    """
    weights = combine(effects.gains, np.random.default_rng(seed))
    errors = jackknife([combine(gains, np.random.default_rng(seed)) for gains in effects.left_out])
    kept = [edit for edit in ranked(weights) if weights[edit] > max(SMALLEST, noise * errors[edit])]
    return Resolution(weights, errors, tuple(kept))


def ranked(weights: Values) -> list[int]:
    """Positions by falling weight; of equal ones, that which the critic wrote first."""
    order: list[int] = np.argsort(-np.round(weights, 12), kind="stable").tolist()
    return order


Choose = Callable[[Effects, Combine, tuple[int, ...], float], Resolution]
"""Effects, method, seed and the standard errors to exceed -> the edits to keep."""


def at_random(effects: Effects, combine: Combine, seed: tuple[int, ...], noise: float = NOISE) -> Resolution:
    """A control: as many edits as the method keeps, drawn without regard to their effects."""
    own = resolved(effects, combine, seed, noise)
    drawn = np.random.default_rng(seed).choice(len(own.weights), len(own.kept), replace=False)
    return Resolution(own.weights, own.errors, tuple(drawn.tolist()))


def crossed(effects: Effects, combine: Combine, seed: tuple[int, ...], noise: float = NOISE) -> Resolution:
    """A control: as many edits as the method keeps, the best where effects are dealt to the criteria at random."""
    count = len(resolved(effects, combine, seed, noise).kept)
    other = resolved(effects.crossed(np.random.default_rng(seed)), combine, seed, noise)
    return Resolution(other.weights, other.errors, tuple(ranked(other.weights)[:count]))


CHOICES: Mapping[str, Choose] = {"behaviour": resolved, "random": at_random, "crossed": crossed}
"""`--conflict`, where it is measured in behaviour: the method, and two controls that ask the same calls."""
