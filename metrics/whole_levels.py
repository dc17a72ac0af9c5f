"""The ceiling that ties alone impose: how well any judge confined to whole levels can agree with fractional means.

A mean of three raters on 1 to 5 has thirteen values, a judge's reply five: it must tie rows that the raters order.

The best judge is a monotone binning of the rows into at most L levels that never parts rows of one human rating. (For
given numbers of rows a level, sorting the rows by their rating maximizes both coefficients: exchanging two rows that
stand in the wrong order never lowers the numerator, and the denominator stays. If a cut lies within rows of one
rating, moving it changes the numerator linearly and the judge's spread concavely, so that their quotient is largest
at an end of those rows.) Of such judges Spearman's numerator equals the judge's own spread of midranks, and Kendall's
the pairs that the judge does not tie. Both are sums over levels, so dynamic programming finds the optimum exactly.
"""

from collections.abc import Callable

import numpy as np

from metrics.scores import Scores, Values

Gain = Callable[[Values, Values], Values]
"""What a level adds that holds the rows from number `start` to number `end` of `rows`, in the order of their rating."""

Ceilings = dict[str, dict[str, float | None]]


def tie_ceilings(scores: Scores) -> Ceilings:
    """Coefficient -> criterion and "mean" -> the greatest value a judge of whole levels can reach on these rows.

    Exact for these ratings, and no estimate, so without an interval. 1 where the raters' means have no more values
    than the scale has levels; None where they have one value only.
    """
    columns = list(zip(scores.names, scores.human.T, scores.criteria, strict=True))
    tables: Ceilings = {
        name: {criterion: best(human, len(each.levels)) for criterion, human, each in columns}
        for name, best in (("spearman", best_spearman), ("kendall", best_kendall))
    }
    return {name: {"mean": _mean(table), **table} for name, table in tables.items()}


def best_spearman(human: Values, levels: int) -> float | None:
    """The greatest Spearman correlation with `human` (n,) of any scores with at most `levels` values."""
    return _best(human, levels, lambda start, end: (end - start) * ((start + end - len(human)) / 2) ** 2, 0.0)


def best_kendall(human: Values, levels: int) -> float | None:
    """The greatest Kendall tau-b with `human` (n,) of any scores with at most `levels` values."""
    return _best(human, levels, lambda start, end: -((end - start) ** 2), float(len(human)) ** 2)


def _best(human: Values, levels: int, gain: Gain, whole: float) -> float | None:
    """The root of the best binning's part of what a judge with a level a rating would have."""
    edges = np.concatenate([[0], np.cumsum(np.unique(human, return_counts=True)[1])]).astype(np.float64)
    if len(edges) < 3:
        return None
    everything = whole + float(gain(edges[:-1], edges[1:]).sum())
    return float(np.sqrt((whole + _best_sum(edges, min(levels, len(edges) - 1), gain)) / everything))


def _best_sum(edges: Values, levels: int, gain: Gain) -> float:
    """The greatest sum of gains over exactly `levels` levels whose borders are among `edges`."""
    best = np.full((levels + 1, len(edges)), -np.inf)
    best[0, 0] = 0
    for end in range(1, len(edges)):
        best[1:, end] = (best[:-1, :end] + gain(edges[:end], edges[end])).max(axis=1)
    return float(best[levels, -1])


def _mean(table: dict[str, float | None]) -> float | None:
    values = [value for value in table.values() if value is not None]
    return sum(values) / len(values) if values and len(values) == len(table) else None
