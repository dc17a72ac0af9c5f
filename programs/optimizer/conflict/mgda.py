"""MGDA: the shortest mean of the gradients (Désidéri 2012, doi 10.1016/j.crma.2012.03.014; Sener and Koltun 2018)."""

import numpy as np
from scipy.optimize import nnls

from metrics.scores import Values


def mgda(gradients: Values) -> Values:
    """The point of least norm in the convex hull of the rows of `gradients` (K, E), as (E,).

    No row points against it; it is zero where no direction serves all rows (Pareto stationary).
    """
    return mgda_weights(gradients) @ gradients


def mgda_weights(gradients: Values) -> Values:
    """The rows' shares in it, (K,), which sum to 1.

    min |G'w| over the simplex as non-negative least squares: of G'w = 0 and sum(w) = 1 the solution is the least-norm
    mean, scaled down by what it misses of the sum (Lawson and Hanson 1974, ch. 23, least distance programming).
    """
    size = np.linalg.norm(gradients, axis=1).max(initial=0.0)
    if not size:
        return np.full(len(gradients), 1 / len(gradients))
    system = np.vstack([gradients.T / size, np.ones(len(gradients))])
    weights, _ = nnls(system, np.append(np.zeros(gradients.shape[1]), 1.0))
    return weights / weights.sum()
