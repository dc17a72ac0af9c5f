"""Spearman correlations among several columns at once, and the partial ones that follow from them, in resamples."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from itertools import combinations_with_replacement

import numpy as np

from metrics.binned import MOST_ROWS
from metrics.ranks import centred_midranks, spearman
from metrics.scores import Codes, Values
from metrics.tables import BATCH_NUMBERS, counted_by_cluster, crossed, encoded, weighted_together

LEAST_LEFT = 1e-9
"""Of a column's variance: with less left beside the controls, the column says nothing that they do not."""


def rank_matrix(columns: Values, clusters: Codes) -> Callable[[Values], Values]:
    """From weights (B, G) of the clusters to the (B, V, V) Spearman correlations of `columns` (n, V), without NaN.

    A row counts as often as its cluster. NaN on a constant column's row and column, its own place included. Where every
    two columns have few values beside the rows, their tables are all that is looked at, else the rows.
    """
    if not len(columns):
        return lambda weights: np.full((len(weights), columns.shape[1], columns.shape[1]), np.nan)
    levels = np.array([len(np.unique(column)) for column in columns.T])
    room = len(columns) * (1 if len(columns) <= MOST_ROWS else 2 * len(levels))
    return (_by_tables if levels.sum() ** 2 <= room else _by_rows)(columns, clusters)


def _by_tables(columns: Values, clusters: Codes) -> Callable[[Values], Values]:
    total, count = int(clusters.max()) + 1, columns.shape[1]
    encoded_columns, ones = [encoded(column) for column in columns.T], np.ones(len(columns))
    pairs = list(combinations_with_replacement(range(count), 2))
    tables = [
        counted_by_cluster(crossed(encoded_columns[a], encoded_columns[b]), clusters, total, ones) for a, b in pairs
    ]
    weigh = weighted_together(tables)

    def matrix(weights: Values) -> Values:
        found = np.empty((len(weights), count, count))
        for (a, b), table, counts in zip(pairs, tables, weigh(weights), strict=True):
            found[:, a, b] = found[:, b, a] = spearman(table.cells, counts)
        return found

    return matrix


def _by_rows(columns: Values, clusters: Codes) -> Callable[[Values], Values]:
    sides = [np.unique(column, return_inverse=True)[1] for column in columns.T]
    sorts = [(np.argsort(side, kind="stable"), side) for side in sides]
    starts = [np.searchsorted(side[order], np.arange(side.max() + 1)) for order, side in sorts]

    def of_batch(rows: Values) -> Values:
        ranks = np.empty((len(sides), *rows.shape))
        for place, ((order, side), start) in enumerate(zip(sorts, starts, strict=True)):
            ranks[place] = centred_midranks(np.add.reduceat(rows[:, order], start, axis=1))[:, side]
        by_resample = np.moveaxis(ranks, 0, 1)
        return _correlations((by_resample * rows[:, None]) @ np.swapaxes(by_resample, 1, 2))

    def matrix(weights: Values) -> Values:
        size = max(1, BATCH_NUMBERS // max(columns.size, 1))
        parts = [of_batch(weights[at : at + size][:, clusters]) for at in range(0, len(weights), size)]
        return np.concatenate(parts)

    return matrix


def remembered(matrix: Callable[[Values], Values]) -> Callable[[Values], Values]:
    """The same, which looks at equal weights once: the resamples of one seed serve several estimates."""
    known: dict[bytes, Values] = {}

    def found(weights: Values) -> Values:
        key = blake2b(np.ascontiguousarray(weights).data).digest()
        if key not in known:
            known[key] = matrix(weights)
        return known[key]

    return found


def partial_correlation(matrix: Values, first: int, second: int, controls: Sequence[int]) -> Values:
    """(B,) partial correlations of two columns given others, from matrices (B, V, V) of correlations.

    That of the two columns' residuals in the least-squares regression on the controls; with rank correlations, of
    ranks: Spearman's partial correlation (Kim 2015, "ppcor: An R package for a fast calculation to semi-partial
    correlation coefficients"). Constant and redundant controls take nothing away. NaN where a column is constant, or
    where the controls leave nothing of it.
    """
    pair = [first, second]
    known = np.nan_to_num(matrix)
    among = known[:, controls][:, :, controls]
    among[:, np.arange(len(controls)), np.arange(len(controls))] = 1.0
    across = known[:, pair][:, :, controls]
    explained = across @ np.linalg.pinv(among, rcond=LEAST_LEFT, hermitian=True) @ np.swapaxes(across, 1, 2)
    left = matrix[:, pair][:, :, pair] - explained
    spreads = left[:, [0, 1], [0, 1]]
    spreads = np.where(spreads > LEAST_LEFT, spreads, np.nan)
    return np.clip(left[:, 0, 1] / np.sqrt(spreads.prod(axis=1)), -1, 1)


def _correlations(products: Values) -> Values:
    """From (B, V, V) sums of products of centred ranks."""
    spreads = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    scale = spreads[:, :, None] * spreads[:, None, :]
    return np.divide(products, scale, out=np.full_like(products, np.nan), where=scale > 0)
