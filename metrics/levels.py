"""Metrics that look at the levels themselves, for a batch of tables: quadratic weighted kappa, MAE, off-by-n, accuracy.

Each takes the cells and their counts (B, C) and gives (B,), NaN where it is undefined (nothing scored included).
"""

import numpy as np

from metrics.scores import Values
from metrics.tables import Cells

ROUNDING_SLACK = 1e-9
"""Means of raters are fractions in floating point: 4.666... - 3.666... may exceed 1 by an ulp."""


def nearest_levels(values: Values) -> Values:
    """Round half up, as PAPER's protocol does for accuracy and kappa (`signatures.records.nearest_level` on arrays)."""
    return np.floor(values + 0.5)


def quadratic_kappa(cells: Cells, counts: Values) -> Values:
    """Cohen's kappa with quadratic weights (Cohen 1968), both sides rounded half up.

    The quadratic disagreement depends on the table only through its moments: observed is the sum of (a - b)^2,
    expected the same for independent sides. Undefined when no disagreement is expected (both sides constant at the
    same level), or with fewer than two rows; a constant judge among varying humans has kappa 0.
    """
    judge, human = nearest_levels(cells.judge), nearest_levels(cells.human)
    moments = counts @ np.stack([judge, human, judge**2 + human**2, (judge - human) ** 2], axis=1)
    rows = counts.sum(axis=1)
    expected = rows * moments[:, 2] - 2 * moments[:, 0] * moments[:, 1]
    expected[rows < 2] = 0  # a single row: kappa would be 0 whatever the two levels are
    return 1 - np.divide(
        rows * moments[:, 3], expected, out=np.full(len(counts), np.nan), where=expected > ROUNDING_SLACK * rows**2
    )


def mean_absolute_error(cells: Cells, counts: Values) -> Values:
    """Mean of |judge - human|, not rounded."""
    return _mean(counts, np.abs(cells.judge - cells.human))


def off_by(cells: Cells, counts: Values, levels: float) -> Values:
    """Share of rows with |judge - human| <= `levels`, not rounded."""
    return _mean(counts, np.abs(cells.judge - cells.human) <= levels + ROUNDING_SLACK)


def differing(cells: Cells, counts: Values) -> Values:
    """Share of rows on which the two differ at all."""
    return _mean(counts, cells.judge != cells.human)


def accuracy(cells: Cells, counts: Values) -> Values:
    """Share of rows on which judge and human round (half up) to the same level."""
    return _mean(counts, nearest_levels(cells.judge) == nearest_levels(cells.human))


def _mean(counts: Values, value: np.ndarray) -> Values:
    rows = counts.sum(axis=1)
    return np.divide(counts @ value.astype(np.float64), rows, out=np.full(len(counts), np.nan), where=rows > 0)
