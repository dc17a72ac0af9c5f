"""Standard errors of a paired difference under a hypothesis: as they were if the judges truly differed by just so much.

A correlation near 1 varies less than one near 0. So of two equally good judges the one that happens to look worse also
has the larger error: a document that makes a judge worse widens the error of the difference too, and with few documents
a test that takes errors as they are rejects too seldom. The test of a hypothesis may take the spread that this implies
(a score test, as Miettinen and Nurminen 1985 have it for two proportions). A coefficient v varies as 1 - v^2, which is
what Fisher's z rests on.

And a coefficient is a slope, with a mean fitted beside it. What leaving one cluster out does to a mean has to be scaled
by (G - 1) / G; to a slope, whose clusters have twice the leverage, by (G - 2) / G, with G - 2 degrees of freedom as in
the textbook's test of a correlation.
"""

from collections.abc import Sequence

import numpy as np

from metrics.estimates import Estimate, with_mean
from metrics.intervals import BOOTSTRAP_CLUSTERS, leave_one_out
from metrics.metric import Metric
from metrics.multiplicity import standard_errors
from metrics.scores import Codes, Values


def null_errors(
    change: Estimate, metric: Metric, true: Sequence[float], *, seed: int, resamples: int
) -> tuple[Values, Codes]:
    """(T, K + 1) standard errors of one metric's differences if the difference were each of T `true` ones, after minus
    before; and (1, K + 1) one more than their degrees of freedom.

    The values of the two judges then lie so far apart, around the middle of those observed. Only for differences of
    pooled coefficients under 100 clusters; others have their `standard_errors`. NaN where those are.
    """
    plain = standard_errors(change, seed=seed, resamples=resamples)
    few = (change.support < BOOTSTRAP_CLUSTERS) & ~np.isnan(plain)
    if change.sides is None or metric.kind != "coefficient" or not few.any():
        return np.repeat(plain, len(true), axis=0), change.support
    rests = np.concatenate([change.sides(weights)[:, :, 0] for weights in leave_one_out(change)], axis=1)
    sides = change.sides(np.ones((1, change.clusters)))[:, :, 0]
    rests, sides = with_mean(rests), with_mean(sides)
    moved = ((rests - sides) * _factors(sides, each) for each in true)
    errors = [np.sqrt((change.clusters - 2) * (later - earlier).var(axis=0)) for earlier, later in moved]
    return np.where(few, errors, plain), change.support - few


def _factors(sides: Values, true: float) -> Values:
    """(2, 1, K + 1) how much more each side would vary than at the value that it had; 1 where that is 1 or -1."""
    levels = np.clip(sides.mean(axis=0) + np.array([-0.5, 0.5])[:, None, None] * true, -1, 1)
    here = 1 - sides**2
    return np.divide(1 - levels**2, here, out=np.ones_like(here), where=here > 1e-12)
