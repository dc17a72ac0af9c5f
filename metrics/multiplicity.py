"""Many comparisons at once: a p-value for each, how many of them would be chance (Benjamini and Hochberg 1995), and
which stand where not even one false alarm is wanted (Holm 1979)."""

from collections.abc import Sequence

import numpy as np
import scipy

from metrics.estimates import Estimate
from metrics.intervals import BOOTSTRAP_CLUSTERS, FEWEST_CLUSTERS, leave_one_out, resampled_weights
from metrics.scores import Codes, Values


def p_values(estimate: Estimate, *, seed: int, resamples: int) -> Values:
    """(M, K + 1) two-sided p-values that each difference is zero; NaN where there is no interval either.

    Student's t with G - 1 degrees of freedom on the estimate over its standard error. An estimate of exactly 0 has
    p = 1, also where nothing varies; one that is not 0 and never varies has none.
    """
    errors = standard_errors(estimate, seed=seed, resamples=resamples)
    return two_sided(estimate.point, errors, estimate.support)


def two_sided(values: Values, errors: Values, clusters: Codes) -> Values:
    """p-values that the true values are zero, from standard errors over so many clusters; see `p_values`."""
    return np.where((values == 0) & ~np.isnan(errors), 1.0, 2 * above(np.abs(values), errors, clusters))


def above(values: Values, errors: Values, clusters: Codes) -> Values:
    """One-sided p-values that the true values are zero or less; NaN where an error is 0 or not to be had."""
    known = np.where(errors > 0, errors, np.nan)
    found: Values = scipy.special.stdtr(np.maximum(clusters - 1, 1), -values / known)
    return found


def standard_errors(estimate: Estimate, *, seed: int, resamples: int) -> Values:
    """(M, K + 1) standard errors; NaN where there is no interval either, 0 where nothing varies.

    They resample the G clusters from 100 on and leave one out at a time below, as the intervals do.
    """
    point, support = estimate.point, estimate.support
    known, found = (support >= FEWEST_CLUSTERS) & ~np.isnan(point), np.full_like(point, np.nan)
    many = support >= BOOTSTRAP_CLUSTERS
    for chosen, bootstrapped in ((known & many, True), (known & ~many, False)):
        if not chosen.any():
            continue
        drawn = resampled_weights(estimate, seed, resamples) if bootstrapped else leave_one_out(estimate)
        replicates = np.concatenate([estimate(weights) for weights in drawn])
        for cell in np.argwhere(chosen):
            place = tuple(cell)
            found[place] = _error(replicates[:, *place], int(support[place]), bootstrapped)
    return found


def discoveries(ps: Sequence[float | None]) -> list[float | None]:
    """Each p-value's q: the share of false ones to expect among all that are at most as large; None stays None."""
    known = [p for p in ps if p is not None]
    adjusted = iter(scipy.stats.false_discovery_control(known) if known else ())
    return [None if p is None else float(next(adjusted)) for p in ps]


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Each p-value adjusted by Holm's step-down method: rejecting all at most `a` raises any false alarm in at most
    a share `a` of families, however the p-values depend on each other. None stays None and is no comparison.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    most = 0.0
    for rank, (p, place) in enumerate(known):
        most = max(most, min(1.0, p * (len(known) - rank)))
        adjusted[place] = most
    return adjusted


def _error(replicates: Values, clusters: int, bootstrapped: bool) -> float:
    defined = replicates[~np.isnan(replicates)]
    if 2 * len(defined) < len(replicates) or (len(defined) < len(replicates) and not bootstrapped):
        return np.nan
    return float(defined.std()) * float(np.sqrt(clusters / (clusters - 1) if bootstrapped else len(defined) - 1))
