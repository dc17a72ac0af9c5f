"""A judge's scorings of the same rows at two times, several each time: the tables that all measures of drift share.

As in `metrics.tables`, rows that look alike are one cell, so that a resample of documents, or another assignment of
scorings to the two times, is a vector of counts.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import scipy

from metrics import ranks
from metrics.scores import Codes, Values
from metrics.tables import Cells, tabulate

MEASURES = ("bias", "spread", "spearman", "coverage")
"""Mean difference, ratio of standard deviations, rank correlation, difference in the share scored: now against then."""


@dataclass(frozen=True, eq=False)
class Side:
    """One time's scorings of each cell, (C,): share scored, and the mean and mean square of the scores (0 without)."""

    scored: Values
    mean: Values
    square: Values


@dataclass(frozen=True, eq=False)
class Occasions:
    """The cells of one criterion: how rows were scored then and now."""

    then: Side
    now: Side

    @cached_property
    def both(self) -> Values:
        """(C,) 1 where both times have a score: the rows that can be paired."""
        return ((self.then.scored > 0) & (self.now.scored > 0)).astype(np.float64)

    def bias(self, counts: Values) -> Values:
        """(B,) mean of now minus then over the paired rows, from counts (B, C); NaN without one."""
        return self._mean(counts, self.now.mean - self.then.mean)

    def deviations(self, counts: Values) -> tuple[Values, Values]:
        """(B,) standard deviations then and now of single scores of the paired rows, every row counting alike."""
        variances = (  # what is left of equal scores' squares is no variance
            self._mean(counts, side.square) - self._mean(counts, side.mean) ** 2 for side in (self.then, self.now)
        )
        then, now = (np.sqrt(np.where(found > 1e-12, found, found * 0)) for found in variances)
        return then, now

    def coverage(self, counts: Values) -> Values:
        """(B,) share of the rows scored now minus then."""
        return counts @ (self.now.scored - self.then.scored) / counts.sum(axis=1)

    def spearman(self, counts: Values) -> Values:
        """(B,) Spearman's correlation of the rows' mean scores then and now; NaN where a time has one score only."""
        cells, gathered = self._pairs
        return ranks.spearman(cells, np.ascontiguousarray(counts @ gathered))

    def measures(self, counts: Values) -> Values:
        """(B, 4) in the order of `MEASURES`; the spread is a ratio, NaN where it was 0 then."""
        then, now = self.deviations(counts)
        ratio = np.divide(now, then, out=np.full_like(now, np.nan), where=then > 0)
        return np.stack([self.bias(counts), ratio, self.spearman(counts), self.coverage(counts)], axis=1)

    def extremes(self, counts: Values) -> Values:
        """(B, 4) how far each measure is from that of an unchanged judge: larger is further, NaN is undefined.

        Spread goes by the difference, which is defined where the ratio is not; a rank correlation only by being low.
        """
        then, now = self.deviations(counts)
        apart = (np.abs(self.bias(counts)), np.abs(now - then))
        return np.stack([*apart, -self.spearman(counts), np.abs(self.coverage(counts))], axis=1)

    def _mean(self, counts: Values, values: Values) -> Values:
        paired = counts @ self.both
        total = counts @ (self.both * values)
        return np.divide(total, paired, out=np.full_like(total, np.nan), where=paired > 0)

    @cached_property
    def _pairs(self) -> "tuple[Cells, scipy.sparse.csr_array]":
        """The cells of both means, and the matrix that gathers our cells into them."""
        paired = np.flatnonzero(self.both)
        cells, places = tabulate(self.now.mean[paired], self.then.mean[paired])
        shape = (len(self.both), len(cells.judge_codes))
        return cells, scipy.sparse.csr_array(
            scipy.sparse.coo_array((np.ones(len(paired)), (paired, places)), shape=shape)
        )


def splits(then: int, now: int) -> Codes:
    """(P, then + now): every way to call `now` of the scorings new, 1 where one is; the true one, the last, is first.

    >>> splits(2, 1)
    array([[0, 0, 1],
           [0, 1, 0],
           [1, 0, 0]])
    """
    chosen = [set(each) for each in combinations(range(then + now), now)]
    return np.array([[int(place in each) for place in range(then + now)] for each in reversed(chosen)], dtype=np.intp)


def occasions(scorings: Values, ways: Codes) -> tuple[Occasions, Codes]:
    """The cells of one criterion from all its scorings (R, n), NaN unscored, under each of the P `ways` to split them.

    Also the cell (n, P) of each row under each way.
    """
    then, now = _side(scorings, 1 - ways), _side(scorings, ways)
    shape = (scorings.shape[1], len(ways))
    sides = np.concatenate([then, now]).reshape(6, -1)
    _, first, codes = np.unique(sides.round(12), axis=1, return_index=True, return_inverse=True)
    known = sides[:, first]
    return Occasions(Side(*known[:3]), Side(*known[3:])), codes.reshape(shape)


def _side(scorings: Values, chosen: Codes) -> Values:
    """(3, n, P): share scored, mean and mean square of the chosen scorings."""
    scored = ~np.isnan(scorings)
    values = np.where(scored, scorings, 0.0)
    count, total, squares = (each.T @ chosen.T for each in (scored.astype(np.float64), values, values**2))
    known = np.maximum(count, 1)
    return np.stack([count / chosen.sum(axis=1), total / known, squares / known])
