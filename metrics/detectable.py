"""How small a difference an interval could have told from none: to be read before any "no difference was found"."""

from math import isclose

from metrics.summary import Cell

POWER_FACTOR = (1.959964 + 0.841621) / 1.959964
"""A true difference so many times half the width of the 95 % interval is told from zero in 80 % of studies."""


def detectable(cell: Cell) -> float | None:
    """Half the width of a difference's 95 % interval: a smaller observed difference cannot be told from zero.

    A true difference must be `POWER_FACTOR` (1.43) times as large to be found in four of five studies of this size.
    None where there is no interval, and where it has no width: two equal judges say nothing of what could be found.

    >>> detectable({"value": 0.1, "low": -0.1, "high": 0.3, "n": 40})
    0.2
    """
    low, high = cell["low"], cell["high"]
    return None if low is None or high is None or isclose(low, high, abs_tol=1e-12) else (high - low) / 2
