"""Real scores on a coarser grid, for resampling only: what a large set's intervals need and no value is taken from.

Nearly every expectation is a number of its own, so that a table of n rows has n cells and 2,000 resamples look at
2,000 n of them. How much a metric varies from sample to sample hardly depends on differences far smaller than the
scores' own spread. So the rows' values come from the scores as they are, and resamples from scores in bins of equal
counts, moved by what binning changed (`anchored`). Of a variance of ranks m equal bins lose 1/m^2 (the classes' part
of the variance of a uniform variable, Sheppard 1898): a correlation's standard error changes by about .1 %.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from metrics.scores import Scores, Values
from metrics.tables import encoded

MOST_ROWS = 1_000
"""Up to so many rows every score counts as it is."""

MOST_VALUES = 128
"""A column of no more values is left as it is: whole scores, means of a few raters, 0 to 100."""

BINS, FEWER_BINS = 32, 16
"""Fewer where tables are many: of every two criteria, or one for each system."""

FEWER_CLUSTERS = 500
"""As many clusters are resampled there (see `metrics.estimates.MOST_CLUSTERS`): standard errors are right to 3 %."""


def binned(scores: Scores, bins: int = BINS) -> Scores:
    """The same rows with scores and ratings in at most about `BINS` values a criterion, beyond `MOST_ROWS` rows.

    `scores` itself where nothing needs it.
    """
    sides = (scores.judge, scores.human)
    if len(scores) <= MOST_ROWS or not any(many_values(column) for side in sides for column in side.T):
        return scores
    judge, human = (np.column_stack([in_bins(column, bins) for column in side.T]) for side in sides)
    return replace(scores, judge=judge, human=human)


def in_bins(column: Values, bins: int = BINS) -> Values:
    """`column` (n,) with the mean of its bin for each value; the column itself where it is short or has few values.

    Bins hold as equal counts as ties allow, and none reaches over a border at which values round to another level, so
    that metrics of rounded scores see no difference. NaN stays.
    """
    if len(column) <= MOST_ROWS or not many_values(column):
        return column
    known = ~np.isnan(column)
    values, places = encoded(column[known])
    counts = np.bincount(places)
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    edges = np.diff(np.floor(bins * middle)) + np.abs(np.diff(np.floor(values + 0.5))) > 0
    of_value = np.append(0, np.cumsum(edges))
    first, last = (values[np.append(*ends)] for ends in ((True, edges), (edges, True)))
    means = np.clip(np.bincount(of_value, values * counts) / np.bincount(of_value, counts), first, last)
    found = column.copy()
    found[known] = means[of_value][places]
    return found


def anchored(coarse: Callable[[Values], Values], exact: Values, clusters: int) -> Callable[[Values], Values]:
    """`coarse`, from weights (B, clusters) to (B, ...), moved so that every cluster once gives `exact` (...)."""
    moved = exact - coarse(np.ones((1, clusters)))[0]
    return lambda weights: coarse(weights) + moved


def many_values(column: Values) -> bool:
    """Whether a column (n,) has more than `MOST_VALUES` values."""
    parts = (column[:MOST_ROWS], column)  # the first rows tell of most columns
    return any(len(np.unique(part[~np.isnan(part)])) > MOST_VALUES for part in parts)
