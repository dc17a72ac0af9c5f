"""A group-sequential test: when may one stop looking at a growing sample, with a stated chance of a false success?

A paired difference of set metrics (Spearman is no mean of rows) resampled on a part t of the rows behaves like a
Brownian motion at time t: its score B(t) = z sqrt(t) has independent increments of variance dt, whatever the metric
(Jennison and Turnbull, "Group Sequential Methods", 2000, chapter 11). At each look success is called above one bound
and futility below another. How much of both errors may be spent by t is a power of t (Kim and DeMets, Biometrika 74,
1987): success alpha t^2, close to O'Brien and Fleming's, futility beta t^1.5. Futility is binding: a sample that was
given up is not looked at again, which gives back a part of alpha.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from metrics.scores import Values

SUCCESS_POWER = 2.0
FUTILITY_POWER = 1.5

MISSED = 0.06
"""Share of the differences that the whole sample shows in nine of ten cases which may be given up before its end."""

REACH, STEPS = 8.0, 1201
"""The scores that are followed, and on how fine a grid: bounds are right to .01."""


@dataclass(frozen=True)
class Bounds:
    """At one look: success above `high`, futility below `low`, as one-sided probabilities (1 - p) of a difference."""

    low: float
    high: float


@lru_cache(maxsize=256)
def bounds(shares: tuple[float, ...], alpha: float) -> tuple[Bounds, ...]:
    """The bounds at each look, for looks at these shares of the sample; the last is 1 and decides (low equals high).

    `alpha` is the chance that a difference of 0 is called a success at any of the looks. Raises ValueError for shares
    that do not rise to 1, or an alpha that is no probability.
    """
    if list(shares) != sorted(set(shares)) or shares[-1:] != (1.0,) or shares[0] <= 0 or not 0 < alpha < 1:
        raise ValueError(f"looks must rise to 1 and alpha lie between 0 and 1, got {shares} and {alpha}")
    return tuple(_bounds(shares, alpha))


def _bounds(shares: tuple[float, ...], alpha: float) -> Iterator[Bounds]:
    scores = np.linspace(-REACH, REACH, STEPS)
    drift = ndtri(1 - alpha) + ndtri(0.9)  # what the whole sample shows in nine of ten cases
    null, shown = (_first(scores, shares[0], each) for each in (0.0, drift))
    successes = misses = 0.0
    for place, share in enumerate(shares):
        if place:
            step = share - shares[place - 1]
            null, shown = (_later(scores, held, step, each) for held, each in ((null, 0.0), (shown, drift)))
        high = _upper(scores, null, alpha * share**SUCCESS_POWER - successes)
        low = high if share == 1 else min(high, _lower(scores, shown, MISSED * share**FUTILITY_POWER - misses))
        successes, misses = successes + null[scores > high].sum(), misses + shown[scores < low].sum()
        inside = (scores >= low) & (scores <= high)
        null, shown = null * inside, shown * inside
        yield Bounds(float(ndtr(low / np.sqrt(share))), float(ndtr(high / np.sqrt(share))))


def _first(scores: Values, share: float, drift: float) -> Values:
    """The probabilities of the scores at the first look."""
    return _bell(scores - drift * share, share) * (scores[1] - scores[0])


def _later(scores: Values, held: Values, step: float, drift: float) -> Values:
    """The same at the next look, of those that were neither success nor futile before."""
    moved: Values = _bell(scores[:, None] - scores[None] - drift * step, step) @ held * (scores[1] - scores[0])
    return moved


def _bell(values: Values, variance: float) -> Values:
    bell: Values = np.exp(-(values**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    return bell


def _upper(scores: Values, chances: Values, spent: float) -> float:
    """The score above which lies no more than `spent`, between two points of the grid."""
    above = np.append(np.cumsum(chances[::-1])[::-1][1:], 0.0)
    return float(np.interp(spent, above[::-1], scores[::-1]))


def _lower(scores: Values, chances: Values, spent: float) -> float:
    """The score below which lies no more than `spent`."""
    below = np.append(0.0, np.cumsum(chances)[:-1])
    return float(np.interp(spent, below, scores))
