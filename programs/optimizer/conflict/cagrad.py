"""CAGrad: near the mean gradient, what serves the worst-served best (Liu et al. 2021, arXiv 2110.14048)."""

import numpy as np
from scipy.optimize import minimize

from metrics.scores import Values


def cagrad(gradients: Values, radius: float = 0.5) -> Values:
    """max over d of min_k g_k . d, with |d - g_0| <= `radius` |g_0|, where g_0 is the mean of the rows (K, E); as (E,).

    By its dual (eq. 4): w on the simplex that minimizes g_w . g_0 + sqrt(phi) |g_w|, with g_w the mean of the rows
    weighted by w and phi = radius^2 |g_0|^2; then d = g_0 + sqrt(phi) / |g_w| g_w. Radius 0 is the plain mean. Raises
    ValueError for a radius outside [0, 1), for which convergence is not shown.
    """
    if not 0 <= radius < 1:
        raise ValueError(f"radius must be from 0 to below 1, got {radius:g}")
    mean = gradients.mean(axis=0)
    reach = radius * float(np.linalg.norm(mean))
    worst = _weights(gradients, mean, reach) @ gradients if reach else mean
    length = float(np.linalg.norm(worst))
    return mean + (reach / length * worst if length else 0.0)


def _weights(gradients: Values, mean: Values, reach: float) -> Values:
    """The dual's solution. Convex, so any start does; scaled, so that tolerances mean the same for all gradients."""
    scale = np.linalg.norm(gradients, axis=1).max()
    products, toward = gradients @ gradients.T / scale**2, gradients @ mean / scale**2

    def cost(weights: Values) -> float:
        return float(weights @ toward + reach / scale * np.sqrt(max(weights @ products @ weights, 0.0)))

    def slope(weights: Values) -> Values:
        length = np.sqrt(max(weights @ products @ weights, 0.0))
        return toward + (reach / scale / length * (products @ weights) if length > 1e-12 else 0.0)

    count = len(gradients)
    found = minimize(
        cost,
        np.full(count, 1 / count),
        jac=slope,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": lambda _: np.ones(count)},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    weights = np.clip(found.x, 0.0, None)
    return weights / weights.sum()
