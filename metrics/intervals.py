"""95 % confidence intervals that hold with few documents and near the ends of a scale.

Rows of one document resemble each other, so the document is what is resampled or left out, never the row (unless rows
have no documents). With many clusters: the expanded percentile bootstrap over clusters. With few: a standard error from
leaving out one cluster at a time (the jackknife, robust to any dependence within a cluster) and Student's t with G - 1
degrees of freedom, on a scale on which the estimate is closer to normal: Fisher's z for coefficients, logarithms for
distances. Shares use Wilson's interval at either size, because near 1 all others collapse onto the estimate. Under 6
clusters there is no interval: nothing tells how much documents differ.

The plain percentile interval is too short by the factor sqrt((G-1)/G) and by z against t; taking percentiles further
out by just that mends it (Hesterberg 2015, "What teachers should know about the bootstrap"). On skewed ratings that is
not enough for 30 to 100 clusters: of values the jackknife on the transformed scale holds the truth more often, and of
differences where levels are rare, because resamples that miss the few clusters that differ vary too little. How often
they hold the truth is measured by `python -m tests.reliability.coverage`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy  # its parts are imported when they are first used, `stats` in half a second
from numpy.typing import NDArray

from metrics.estimates import Estimate
from metrics.metric import Metric
from metrics.scores import Values

FEWEST_CLUSTERS = 6
"""Under this many there is no interval."""

BOOTSTRAP_CLUSTERS = 100
"""From this many on clusters are resampled; under it, one is left out at a time."""

FEWEST_FOR_KAPPA = 9
"""Under this many documents off the commonest level a kappa has no interval.

With six to eight its 95 % intervals hold the truth in 91 % (`python -m tests.reliability.stated`): those that miss it
lie below it, and fewer degrees of freedom do not mend that.
"""

LEVEL = 0.95


@dataclass(frozen=True)
class Scale:
    """How one metric's interval is made: within `low..high`, by which transformation, and for how many clusters."""

    low: float
    high: float
    shape: Literal["fisher", "logarithm", "wilson", "plain"]
    fewest: int = FEWEST_CLUSTERS


def value_scale(metric: Metric) -> Scale:
    """The scale of a metric's own value."""
    shapes: dict[str, Literal["fisher", "logarithm", "wilson"]] = {
        "coefficient": "fisher",
        "distance": "logarithm",
        "share": "wilson",
        "pairs": "wilson",
    }
    fewest = FEWEST_CLUSTERS if metric.kind != "coefficient" or metric.by_order else FEWEST_FOR_KAPPA
    return Scale(*metric.bounds, shapes[metric.kind], fewest)


def difference_scale(metric: Metric) -> Scale:
    """The scale of a difference of two values: as wide as the metric's to both sides, and untransformed."""
    low, high = metric.bounds
    return Scale(low - high, high - low, "plain")


def intervals(estimate: Estimate, scales: Sequence[Scale], *, seed: int, resamples: int) -> tuple[Values, Values]:
    """Lower and upper bounds (M, K + 1) of `estimate.point`, NaN where there is no interval.

    A resample in which the estimate is undefined (a side constant there) is dropped; with more than half of them
    dropped there is no interval. Nor is there one where leaving a single cluster out makes the estimate undefined:
    then that cluster carries it, and nothing tells what another one would.
    """
    point = estimate.point
    fewest = np.array([scale.fewest for scale in scales])[:, None]
    resampled = (estimate.support >= BOOTSTRAP_CLUSTERS) & ~np.isnan(point)
    left_out = (estimate.support >= fewest) & ~resampled & ~np.isnan(point)
    low, high = np.full_like(point, np.nan), np.full_like(point, np.nan)
    if resampled.any():
        replicates = np.concatenate([estimate(weights) for weights in resampled_weights(estimate, seed, resamples)])
        for cell in np.argwhere(resampled):
            place = tuple(cell)
            draws, scale = replicates[:, *place], scales[cell[0]]
            low[place], high[place] = _by_bootstrap(point[place], draws, int(estimate.support[place]), scale)
    if left_out.any():
        replicates = np.concatenate([estimate(weights) for weights in leave_one_out(estimate)])
        for cell in np.argwhere(left_out):
            place = tuple(cell)
            rest, scale = replicates[:, *place], scales[cell[0]]
            low[place], high[place] = _by_jackknife(point[place], rest, int(estimate.support[place]), scale)
    return low, high


def resampled_weights(estimate: Estimate, seed: int, resamples: int) -> Iterator[Values]:
    """Batches (B, G) of how often each cluster is drawn when G are drawn with replacement."""
    times = _times_drawn(estimate.clusters, seed, resamples)
    for start in range(0, resamples, estimate.batch):
        yield times[start : start + estimate.batch].astype(np.float64)


@lru_cache(maxsize=1)
def _times_drawn(clusters: int, seed: int, resamples: int) -> NDArray[np.uint16]:
    """(resamples, G). The estimates of one report have the same clusters and seed, so the last one is kept."""
    generator, found = np.random.default_rng(seed), np.empty((resamples, clusters), dtype=np.uint16)
    for row in found:
        row[:] = np.bincount(generator.integers(clusters, size=clusters), minlength=clusters)
    return found


def leave_one_out(estimate: Estimate) -> Iterator[Values]:
    for start in range(0, estimate.clusters, estimate.batch):
        stop = min(start + estimate.batch, estimate.clusters)
        yield 1.0 - np.eye(stop - start, estimate.clusters, start)


def _by_bootstrap(value: float, draws: Values, clusters: int, scale: Scale) -> tuple[float, float]:
    defined = draws[~np.isnan(draws)]
    if 2 * len(defined) < len(draws):
        return np.nan, np.nan
    student = _student(clusters)
    if scale.shape == "wilson":
        return _wilson(value, float(defined.std()) * np.sqrt(clusters / (clusters - 1)), clusters)
    if _uninformative(value, defined, scale):
        return np.nan, np.nan
    tail = scipy.special.ndtr(-student * np.sqrt(clusters / (clusters - 1)))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def _by_jackknife(value: float, rest: Values, clusters: int, scale: Scale) -> tuple[float, float]:
    if np.isnan(rest).any():
        return np.nan, np.nan
    error = np.sqrt((len(rest) - 1) / len(rest) * np.sum((rest - rest.mean()) ** 2))
    if scale.shape == "wilson":
        return _wilson(value, error, clusters)
    if _uninformative(value, rest, scale):
        return np.nan, np.nan
    return _transformed(value, _student(clusters) * error, scale)


def _transformed(value: float, reach: float, scale: Scale) -> tuple[float, float]:
    """`value` -+ `reach` on the scale's own axis, where an error is divided by the axis's derivative (delta method)."""
    if scale.shape == "fisher" and abs(value) < 1:
        centre, half = np.arctanh(value), reach / (1 - value**2)
        return max(scale.low, float(np.tanh(centre - half))), min(scale.high, float(np.tanh(centre + half)))
    if scale.shape == "logarithm" and value > 0:
        return float(value * np.exp(-reach / value)), float(value * np.exp(reach / value))
    return max(scale.low, value - reach), min(scale.high, value + reach)


def _wilson(share: float, error: float, clusters: int) -> tuple[float, float]:
    """Wilson's interval with the effective number of rows that the cluster-robust `error` implies.

    A share of exactly 0 or 1 has no error to imply one; then every cluster counts as one row, the fewest there can be.
    """
    effective = share * (1 - share) / error**2 if error > 0 else clusters
    penalty = _student(clusters) ** 2 / max(effective, 1.0)
    centre = (share + penalty / 2) / (1 + penalty)
    half = np.sqrt(penalty * (share * (1 - share) + penalty / 4)) / (1 + penalty)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _uninformative(value: float, replicates: NDArray[np.float64], scale: Scale) -> bool:
    """Perfect agreement in every cluster: no replicate differs, which is no evidence that the next one will not."""
    at_bound = np.isclose(value, (scale.low, scale.high), rtol=0, atol=1e-12).any()
    return scale.shape != "plain" and bool(at_bound) and bool(np.ptp(replicates) < 1e-12)


def _student(clusters: int) -> float:
    return float(scipy.special.stdtrit(clusters - 1, (1 + LEVEL) / 2))
