"""How many documents, or seeds, tell a stated difference from zero: from the variance that a pilot had.

A difference of two judges on G documents has a standard error of s / sqrt(G), where s^2 is the variance of its
jackknife pseudo-values (Tukey 1958; leaving out whole documents, whose rows resemble each other). Its power is that of
Student's t with G - 1 degrees of freedom, two-sided (noncentral t).

A pilot's s^2 is itself an estimate. Its interval is that of a variance (chi-squared) with as many degrees of freedom as
random halves of the pilot agree with each other: log s^2 of two halves differs with four times the variance of log s^2
of the whole, which is 2 / freedom; but no more than G - 1, nor than the pseudo-values' kurtosis leaves,
2 G / (kurtosis - 1). How often it holds the true variance is measured by `python -m tests.reliability.stated`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, ncfdtr, ndtr, stdtrit

from metrics.estimates import Estimate
from metrics.intervals import FEWEST_CLUSTERS, LEVEL
from metrics.scores import Values

MOST_UNITS = 10_000_000
"""More documents than that nobody has: no number is given."""

NORMAL_FROM = 10_000
"""From so many degrees of freedom on t is taken as normal (the power differs in the fifth decimal)."""

CERTAIN = 30
"""So far beyond the critical value the power is 1, and the noncentral t no longer computed."""

TINY = 1e-20
"""A variance below it is what is left of numbers that do not differ."""

HALVINGS = 30
"""How often a pilot is halved; less often beyond a thousand documents, to bound the time."""

FRACTIONS = (0.25, 0.5, 0.75)
"""Shares of the documents at which `scaling` looks."""


@dataclass(frozen=True)
class Variance:
    """The variance of one document's part in an estimate: the squared standard error is `value` / documents.

    `freedom` is how many degrees of freedom the variance itself is known with. Variances of equal judges are 0.
    """

    value: float
    freedom: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the variance (chi-squared)."""
        tail = (1 - LEVEL) / 2
        low, high = (self.value * self.freedom / float(chdtri(self.freedom, p)) for p in (tail, 1 - tail))
        return low, high


@dataclass(frozen=True)
class Needed:
    """So many units (documents, seeds) show the difference; `low` and `high` are what the variance's interval gives.

    None: more than `MOST_UNITS`.
    """

    units: int | None
    low: int | None
    high: int | None


def variances(estimate: Estimate, *, seed: int = 0) -> list[Variance | None]:
    """One per column of an estimate of a single metric, the mean over criteria last.

    None where the estimate is undefined, or undefined without some document, and under six documents.
    """
    total = estimate.clusters
    if total < FEWEST_CLUSTERS:
        return [None] * len(estimate.point[0])
    (pseudo,) = _pseudo_values(estimate, np.ones((1, 1, total)))
    values, bounds = pseudo.var(axis=0, ddof=1), np.minimum(_by_kurtosis(pseudo), _by_halves(estimate, seed))
    return [
        None if np.isnan(value) else Variance(float(value) if value > TINY else 0.0, float(max(1.0, bound)))
        for value, bound in zip(values, np.fmin(bounds, total - 1), strict=True)
    ]


def power(units: float, difference: float, variance: float, alpha: float) -> float:
    """How often a two-sided test at `alpha` on so many units finds a true difference, in either direction.

    >>> round(power(64, 0.5, 2.0, 0.05), 3)
    0.794
    """
    freedom, far = units - 1, difference * np.sqrt(units / variance) if variance > 0 else np.inf
    critical = float(stdtrit(freedom, 1 - alpha / 2))
    if freedom > NORMAL_FROM or far > critical + CERTAIN:
        return float(ndtr(far - critical) + ndtr(-far - critical))
    return float(1 - ncfdtr(1, freedom, far**2, critical**2))  # t squared is F; SciPy's noncentral t has NaN tails


def needed(
    variance: Variance, difference: float, *, alpha: float, target: float, least: int = FEWEST_CLUSTERS
) -> Needed:
    """The fewest units, at least `least`, whose `power` reaches the target."""
    return Needed(*(_units(value, difference, alpha, target, least) for value in (variance.value, *variance.interval)))


def visible(variance: Variance, units: int, *, alpha: float, target: float) -> float | None:
    """The smallest true difference that so many units show with the target power; None where nothing varies."""
    if variance.value <= 0:
        return None
    error = float(np.sqrt(variance.value / units))
    steps = _first(lambda step: power(units, step * error / 1000, variance.value, alpha) >= target, 1, 1_000_000)
    return None if steps is None else steps * error / 1000


def scaling(estimate: Estimate, *, seed: int = 0, draws: int = 400) -> list[list[float | None]]:
    """Of each column, at each of `FRACTIONS`: the standard error that random parts of the documents imply, over the
    jackknife's.

    Estimates from a share f of G documents, drawn without replacement, vary by s^2 (1 - f) / (f G) around that of all.
    Near 1 at every share the error falls as 1 / sqrt(documents), as the advice supposes. None where undefined.
    """
    (pseudo,) = _pseudo_values(estimate, np.ones((1, 1, estimate.clusters)))
    own = [float(column.var(ddof=1)) for column in pseudo.T]
    shares = [_implied(estimate, share, own, seed, draws) for share in FRACTIONS]
    return [list(each) for each in zip(*shares, strict=True)]


def _implied(estimate: Estimate, share: float, own: Sequence[float], seed: int, draws: int) -> list[float | None]:
    total, generator = estimate.clusters, np.random.default_rng([seed, 5])
    size = round(share * total)
    order = generator.random((draws, total)).argsort(axis=1)
    weights = (order < size).astype(np.float64)
    parts = [estimate(weights[start : start + estimate.batch]) for start in range(0, draws, estimate.batch)]
    found: list[float | None] = []
    for variance, values in zip(own, np.concatenate(parts)[:, 0].T, strict=True):
        known = values[~np.isnan(values)]
        implied = known.std() * np.sqrt(size / (total - size)) if 2 * len(known) >= draws else np.nan
        found.append(float(implied / np.sqrt(variance / total)) if variance > TINY and implied == implied else None)
    return found


def _pseudo_values(estimate: Estimate, sides: Values) -> Values:
    """(D, G, K + 1): each document's pseudo-value within its side, of D divisions; their `sides` (D, S, G) are 1 for
    the documents of a side."""
    divisions, _, total = sides.shape
    own, sizes = sides.argmax(axis=1), sides.sum(axis=2)
    points = estimate(sides.reshape(-1, total))[:, 0].reshape(*sizes.shape, -1)
    parts = []
    for start in range(0, divisions * total, estimate.batch):
        division, place = np.divmod(np.arange(start, min(start + estimate.batch, divisions * total)), total)
        side = own[division, place]
        rest = sides[division, side]
        rest[np.arange(len(place)), place] = 0
        size = sizes[division, side, None]
        parts.append(size * points[division, side] - (size - 1) * estimate(rest)[:, 0])
    return np.concatenate(parts).reshape(divisions, total, -1)


def _by_kurtosis(pseudo: Values) -> Values:
    centred = pseudo - pseudo.mean(axis=0)
    squares = np.mean(centred**2, axis=0) ** 2
    kurtosis = np.divide(np.mean(centred**4, axis=0), squares, out=np.full_like(squares, 3.0), where=squares > TINY**2)
    found: Values = 2 * len(pseudo) / np.maximum(kurtosis - 1, TINY)
    return found


def _by_halves(estimate: Estimate, seed: int) -> Values:
    """Infinite where the halves of no division have a variance: then they say nothing."""
    total, generator = estimate.clusters, np.random.default_rng([seed, 6])
    halvings = int(np.clip(HALVINGS * 1_000 // total, HALVINGS // 6, HALVINGS))
    halves = np.array([generator.permutation(total) < total // 2 for _ in range(halvings)], dtype=np.float64)
    apart = []
    for first, pseudo in zip(halves, _pseudo_values(estimate, np.stack([halves, 1 - halves], axis=1)), strict=True):
        one, other = (pseudo[first == side].var(axis=0, ddof=1) for side in (1, 0))
        known = np.fmin(one, other) > TINY
        ratio = np.divide(one, other, out=np.full_like(one, np.nan), where=known)
        apart.append(np.log(ratio) ** 2)
    squares = np.array(apart)
    count = (~np.isnan(squares)).sum(axis=0)
    mean = np.divide(np.nansum(squares, axis=0), count, out=np.zeros(squares.shape[1]), where=count > 0)
    return np.divide(8.0, mean, out=np.full_like(mean, np.inf), where=mean > 0)


def _units(variance: float, difference: float, alpha: float, target: float, least: int) -> int | None:
    return _first(lambda units: power(units, difference, variance, alpha) >= target, least, MOST_UNITS)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The first whole number from `low` to `high` for which `holds`, which stays true from there on; None without."""
    if not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
