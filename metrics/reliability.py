"""How well raters agree among themselves on one criterion, as functions of how often each cluster of rows counts.

Three views of the same scores: each rater against the mean of the others (what one more rater would reach), halves of
the raters against each other (how reliable their mean is), and Krippendorff's alpha (how far single scores are
exchangeable, on the scale's own terms).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from metrics import ranks
from metrics.scores import Codes, Values
from metrics.tables import ClusterTables, cluster_tables, informing

MOST_SPLITS = 10
"""Halves are compared in every way where there are no more, else in so many ways drawn at random."""

Split = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Panel:
    """The raters' scores (n, R) of one criterion, NaN where there is none, and each row's cluster `0..clusters-1`.

    Every method maps cluster weights (B, G) to (B,) values, NaN where undefined.
    """

    scores: Values
    codes: Codes
    clusters: int
    seed: int = 0

    @cached_property
    def rated(self) -> NDArray[np.bool_]:
        """(n,): whether two raters at least scored the row, so that it says something of their agreement."""
        return np.count_nonzero(~np.isnan(self.scores), axis=1) >= 2

    @property
    def informing(self) -> int:
        """How many clusters have a score off the commonest one, in rows that two raters scored."""
        scores = self.scores[self.rated]
        return informing(scores.ravel(), np.repeat(self.codes[self.rated], scores.shape[1]))

    @property
    def width(self) -> int:
        """The most numbers that a table takes."""
        return max(table.width for table in (*self._alone, *self._halves, self._pairs))

    def only(self, rows: NDArray[np.bool_]) -> "Panel":
        """The panel without the scores of the other rows."""
        return replace(self, scores=np.where(rows[:, None], self.scores, np.nan))

    def alone(self, weights: Values) -> Values:
        """Leave-one-rater-out: the Spearman correlation of a rater with the mean of the others.

        The mean over raters, each by the rows that he or she and another one scored; raters whose correlation is
        undefined (one score only) are left out.
        """
        return _mean_correlation(self._alone, weights)

    def against_others(self, judge: Values) -> "AgainstOthers":
        """The same of a judge (n,) in the place of each rater: on that rater's rows, with the mean of the others."""
        return AgainstOthers([self._tables(np.where(np.isnan(own), np.nan, judge), rest) for own, rest in self._apart])

    def split_half(self, weights: Values) -> Values:
        """Reliability of the raters' mean: halves of the raters correlated, stepped up (Spearman 1910, Brown 1910).

        Spearman's correlation of the means of two halves, averaged over the ways to halve the raters. An odd number
        leaves one rater out of each split; three raters are compared in pairs, two have one split. Stepping up takes
        a half's number of scores to that of a row, r -> f r / (1 + (f - 1) r), with harmonic means of both where some
        scores are missing; a correlation of 0 or below stays as it is. The formula is that of Pearson's correlation,
        here of ranks, since that is what a judge's agreement is measured in.
        """
        correlation = _mean_correlation(self._halves, weights)
        stepped = self._factor * correlation / (1 + (self._factor - 1) * np.maximum(correlation, 0))
        return np.where(correlation > 0, stepped, correlation)

    def alpha(self, weights: Values, *, interval: bool = False) -> Values:
        """Krippendorff's alpha of all raters, ordinal or interval; scores may be missing (Krippendorff 2011).

        Every pair of scores of a row counts 1 / (m - 1), m being the row's scores: then alpha of the pairs, as if two
        raters had given them, is alpha of the raters.
        """
        value = ranks.krippendorff(self._pairs.cells, self._pairs.weighted(weights), interval=interval)
        value[weights @ self._rated_rows < 2] = np.nan
        return value

    @cached_property
    def _apart(self) -> list[tuple[Values, Values]]:
        """Each rater's scores, and the mean of the others' on the same rows."""
        return [(own, _mean(np.delete(self.scores, place, axis=1))) for place, own in enumerate(self.scores.T)]

    @cached_property
    def _alone(self) -> list[ClusterTables]:
        return [self._tables(own, rest) for own, rest in self._apart]

    @cached_property
    def _halves(self) -> list[ClusterTables]:
        return [self._tables(*(_mean(self.scores[:, half]) for half in split)) for split in self._splits]

    @cached_property
    def _splits(self) -> list[Split]:
        return splits(self.scores.shape[1], self.seed)

    @cached_property
    def _factor(self) -> float:
        """How many times as many scores a row has as a half of the raters has given it."""
        given = ~np.isnan(self.scores)
        sizes = [np.stack([given[:, half].sum(axis=1) for half in split]) for split in self._splits]
        used = np.concatenate([np.empty(0), *(each[:, each.min(axis=0) > 0].ravel() for each in sizes)])
        a_row = given.sum(axis=1)
        return float(np.mean(1 / used) / np.mean(1 / a_row[a_row > 0])) if len(used) else np.nan

    @cached_property
    def _rated_rows(self) -> Values:
        return np.bincount(self.codes[self.rated], minlength=self.clusters).astype(np.float64)

    @cached_property
    def _pairs(self) -> ClusterTables:
        share = 1 / np.maximum(np.count_nonzero(~np.isnan(self.scores), axis=1) - 1, 1)
        places = np.array(list(combinations(range(self.scores.shape[1]), 2)), dtype=np.intp).reshape(-1, 2)
        first, second = (self.scores[:, places[:, side]].ravel() for side in (0, 1))
        codes, amounts = (np.repeat(each, len(places)) for each in (self.codes, share))
        return cluster_tables(_both(first, second), second, codes, self.clusters, amounts)

    def _tables(self, one: Values, other: Values) -> ClusterTables:
        return cluster_tables(_both(one, other), other, self.codes, self.clusters)


@dataclass(frozen=True, eq=False)
class AgainstOthers:
    """A judge against the mean of all raters but one, for each rater; see `Panel.against_others`."""

    tables: Sequence[ClusterTables]

    def __call__(self, weights: Values) -> Values:
        return _mean_correlation(self.tables, weights)


def splits(raters: int, seed: int = 0) -> list[Split]:
    """The ways to choose two halves of `raters // 2` raters each: all of them, or `MOST_SPLITS` drawn at random."""
    half = raters // 2
    if not half:
        return []
    if comb(raters, half) * comb(raters - half, half) // 2 <= MOST_SPLITS:
        return list(_every_split(raters, half))
    random, found = np.random.default_rng([seed, raters]), dict[Split, None]()
    while len(found) < MOST_SPLITS:
        order = random.permutation(raters).tolist()
        one, other = sorted((tuple(sorted(order[:half])), tuple(sorted(order[half : 2 * half]))))
        found[one, other] = None
    return list(found)


def _every_split(raters: int, half: int) -> Iterator[Split]:
    for one in combinations(range(raters), half):
        rest = [place for place in range(raters) if place not in one]
        yield from ((one, other) for other in combinations(rest, half) if one < other)


def _mean_correlation(tables: Sequence[ClusterTables], weights: Values) -> Values:
    """(B,) the mean of the tables' Spearman correlations by their rows; undefined ones are left out."""
    total, rows = np.zeros(len(weights)), np.zeros(len(weights))
    for table in tables:
        counts = table.weighted(weights)
        if counts.shape[1]:
            value, size = ranks.spearman(table.cells, counts), counts.sum(axis=1)
            known = ~np.isnan(value)
            total[known] += value[known] * size[known]
            rows[known] += size[known]
    return np.divide(total, rows, out=np.full(len(weights), np.nan), where=rows > 0)


def _mean(scores: Values) -> Values:
    """(n,) the mean of the scores that are there, NaN where none is."""
    given = ~np.isnan(scores)
    count = given.sum(axis=1)
    total = np.where(given, scores, 0).sum(axis=1).round(9)  # so that the order of summing makes no two values of one
    return np.divide(total, count, out=np.full(len(scores), np.nan), where=count > 0)


def _both(one: Values, other: Values) -> Values:
    """`one` where `other` is there too."""
    return np.where(np.isnan(other), np.nan, one)
