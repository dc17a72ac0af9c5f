"""Means and shares over notes, with intervals that resample clusters of notes (the steps of runs).

The notes of one step are written on the same rubrics, and those of one step and seed in several modes on the same
rows, so notes are no independent draws.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import isclose

import numpy as np

from metrics.estimates import Estimate
from metrics.intervals import FEWEST_CLUSTERS, Scale
from metrics.scores import Codes, Values
from metrics.summary import RESAMPLES, Cell, cell_table


@dataclass(frozen=True, eq=False)
class Sums:
    """Per cluster and column, a numerator and a denominator, (G, K): the estimate is the ratio of their sums.

    `counted` (K,) is the number of items behind each column.
    """

    numerators: Values
    denominators: Values
    counted: Codes

    @classmethod
    def of(cls, values: Values, sizes: Values, clusters: Codes, total: int, runs: Codes | None = None) -> "Sums":
        """From (n, K) values (NaN: nothing known) and the sizes that they are divided by.

        With `runs` (n,), every run counts alike: the ratio is the mean over runs where sizes are 1.
        """
        known = ~np.isnan(values)
        weights = np.where(known, sizes, 0.0)
        if runs is not None:
            weights = _alike(weights, runs)
        factor = np.divide(weights, sizes, out=np.zeros_like(weights), where=sizes > 0)
        return cls(
            _by_cluster(np.where(known, values, 0.0) * factor, clusters, total),
            _by_cluster(weights, clusters, total),
            known.sum(axis=0),
        )

    def __call__(self, weights: Values) -> Values:
        """(B, K) from cluster weights (B, G); NaN where there is nothing to divide by."""
        above, below = weights @ self.numerators, weights @ self.denominators
        return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)

    @property
    def informed(self) -> Codes:
        """(K,): how many clusters say something."""
        return np.count_nonzero(self.denominators, axis=0)


def ratio_cells(sums: Sums, names: Sequence[str], scale: Scale, seed: int = 0) -> dict[str, Cell]:
    """`mean` (over the columns) and one cell a column."""
    return estimate_cells(sums, len(sums.numerators), sums.counted, sums.informed, names, scale, seed)


def difference_cells(one: Sums, other: Sums, names: Sequence[str], scale: Scale, seed: int = 0) -> dict[str, Cell]:
    """`one` minus `other` over the same clusters; `n` counts the items of both, `scale` is that of one side."""
    spread = scale.high - scale.low
    return estimate_cells(
        lambda weights: one(weights) - other(weights),
        len(one.numerators),
        one.counted + other.counted,
        np.minimum(one.informed, other.informed),
        names,
        Scale(-spread, spread, "plain"),
        seed,
    )


def estimate_cells(
    values: Callable[[Values], Values],
    clusters: int,
    counted: Codes,
    informed: Codes,
    names: Sequence[str],
    scale: Scale,
    seed: int = 0,
    informed_mean: int | None = None,
) -> dict[str, Cell]:
    """Cells of any function of cluster weights, (B, G) to (B, K).

    There is no interval under six clusters, and none where no cluster differs from the others.

    `informed` (K,) counts the clusters behind each column, `informed_mean` those behind their mean (default: the
    fewest of them), where clusters belong to one column each.
    """
    if not clusters:
        nothing: Cell = {"value": None, "low": None, "high": None, "n": 0, "undefined": 0}
        return {name: dict(nothing) for name in ("mean", *names)}
    counts, support = (np.append(each, each.min())[None].astype(np.intp) for each in (counted, informed))
    counts[0, -1] = counted.sum()
    support[0, -1] = support[0, -1] if informed_mean is None else informed_mean
    estimate = Estimate(
        clusters, len(names), lambda weights: values(weights)[:, None], counts, np.zeros_like(counts), support
    )
    table = cell_table(estimate, ["value"], [scale], names, seed=seed, resamples=RESAMPLES)["value"]
    return {name: unless_certain(cell) for name, cell in table.items()}


def codes(keys: Sequence[Hashable]) -> tuple[Codes, int]:
    """Each key's code, `0..G-1` in the order in which they are met, and G."""
    known = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return np.array([known[key] for key in keys], dtype=np.intp), len(known)


def enough(total: int) -> bool:
    """Whether so many clusters give an interval."""
    return total >= FEWEST_CLUSTERS


def unless_certain(cell: Cell) -> Cell:
    """Without an interval of no width: that no cluster differs is no evidence that the next one will not."""
    low, high = cell["low"], cell["high"]
    return {**cell, "low": None, "high": None} if low is not None and isclose(low, high or 0.0, abs_tol=1e-9) else cell


def _alike(weights: Values, runs: Codes) -> Values:
    scaled = np.zeros_like(weights)
    for run in np.unique(runs):
        total = weights[runs == run].sum(axis=0)
        scaled[runs == run] = np.divide(
            weights[runs == run], total, out=np.zeros_like(weights[runs == run]), where=total > 0
        )
    return scaled


def _by_cluster(values: Values, clusters: Codes, total: int) -> Values:
    sums = np.zeros((total, values.shape[1]))
    np.add.at(sums, clusters, values)
    return sums
