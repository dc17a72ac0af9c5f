"""The joint table (judge value x human value) of one criterion: all that any metric here needs to know.

Only cells that occur are kept, sorted by judge value, then human value, so that a judge with a thousand distinct real
scores costs a thousand cells. A batch of B tables over the same cells is an array of counts (B, C); a resample of
clusters is a vector of multiplicities, and its table is one matrix product with the clusters' tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from metrics.scores import Codes, Values

BATCH_NUMBERS = 2_000_000
"""How many numbers one batch of tables may hold (16 MB; a metric makes a few copies)."""

DENSE_ENTRIES = 4_000_000
"""Above this size (32 MB) the tables of the clusters are kept sparse."""

DENSE_SHARE = 0.03
"""Above this share of filled entries a dense product is the faster one."""

LARGE = 200_000
"""Entries from which single precision is worth a copy."""

SAMPLE = 1_000
"""Rows that tell whether a column has few values."""

EXACT, MOST_TIMES = 2.0**24, 60.0
"""Whole numbers that single precision holds exactly, and how often a cluster may be drawn for that: never more."""

Encoded = tuple[Values, Codes]
"""The distinct values of a column, and each row's place among them."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Which (judge value, human value) pairs occur: sorted distinct values, and the C cells as codes into them."""

    judge_values: Values
    human_values: Values
    judge_codes: Codes
    human_codes: Codes

    @property
    def judge(self) -> Values:
        """(C,) the judge's value in each cell."""
        return self.judge_values[self.judge_codes]

    @property
    def human(self) -> Values:
        """(C,) the humans' value in each cell."""
        return self.human_values[self.human_codes]

    def judge_counts(self, counts: Values) -> Values:
        """(B, J) how often each judge value occurs: cells are sorted by judge value, every value has one."""
        return np.add.reduceat(counts, np.searchsorted(self.judge_codes, np.arange(len(self.judge_values))), axis=1)

    def human_counts(self, counts: Values) -> Values:
        """(B, H) how often each human value occurs."""
        order, starts = self.by_human
        return np.add.reduceat(counts[:, order], starts, axis=1)

    @cached_property
    def by_human(self) -> tuple[Codes, Codes]:
        """The cells in the order of their human value, and where each value starts."""
        order = np.argsort(self.human_codes, kind="stable")
        return order, np.searchsorted(self.human_codes[order], np.arange(len(self.human_values)))


def tabulate(judge: Values, human: Values) -> tuple[Cells, Codes]:
    """The cells that occur among these rows, and the cell of each row."""
    return crossed(encoded(judge), encoded(human))


def encoded(column: NDArray[Any]) -> tuple[NDArray[Any], Codes]:
    """The sorted distinct values of a column (n,), and the place of each row's among them."""
    if len(np.unique(column[:SAMPLE])) > SAMPLE // 8:  # many values: sorting once is faster than looking each up
        return np.unique(column, return_inverse=True)
    values = np.unique(column)
    return values, np.searchsorted(values, column)


def crossed(judge: Encoded, human: Encoded) -> tuple[Cells, Codes]:
    """`tabulate` of columns that are encoded already."""
    (judge_values, judge_places), (human_values, human_places) = judge, human
    pairs = judge_places * len(human_values) + human_places
    cells, row_cells = _places(pairs, len(judge_values) * len(human_values))
    judge_codes, human_codes = np.divmod(cells, max(len(human_values), 1))
    return Cells(judge_values, human_values, judge_codes, human_codes), row_cells


def _places(pairs: Codes, most: int) -> tuple[Codes, Codes]:
    """The numbers below `most` that occur, sorted, and the place of each of `pairs` among them."""
    if most > 4 * len(pairs):
        return encoded(pairs)
    present = np.bincount(pairs, minlength=most) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[pairs]


@dataclass(frozen=True, eq=False)
class ClusterTables:
    """One criterion's table for each of G clusters: `counts` (G, C), dense where that is small."""

    cells: Cells
    counts: "Values | scipy.sparse.csr_array"

    @property
    def width(self) -> int:
        """How many numbers one table takes."""
        return int(self.counts.shape[1])

    @property
    def filled(self) -> int:
        """How many (cluster, cell) pairs hold a row."""
        return int(np.count_nonzero(self.counts) if isinstance(self.counts, np.ndarray) else self.counts.nnz)

    def weighted(self, weights: Values) -> Values:
        """(B, C): the tables in which cluster g counts `weights[b, g]` times."""
        if self._single is not None and whole_times(weights):
            return np.asarray(weights.astype(np.float32) @ self._single, dtype=np.float64)
        return np.ascontiguousarray(weights @ self.counts)

    @cached_property
    def _single(self) -> NDArray[np.float32] | None:
        """Large dense counts in single precision, where that holds all sums exactly: half the time."""
        counts = self.counts
        if not isinstance(counts, np.ndarray) or counts.size < LARGE or np.any(counts % 1):
            return None
        return counts.astype(np.float32) if counts.sum(axis=0).max() * MOST_TIMES < EXACT else None

    def occupied(self) -> NDArray[np.bool_]:
        """(G,): whether the cluster has a scored row at all."""
        return np.asarray(self.counts.sum(axis=1)).ravel() > 0

    def informing(self) -> int:
        """How many clusters have a row off the commonest value, of the judge's or the humans', whichever are fewer.

        Only these can order anything: among a hundred equal ratings three others carry every correlation.
        """
        totals = np.asarray(self.counts.sum(axis=0)).ravel()
        sides = (self.cells.judge_codes, self.cells.human_codes)
        off = (codes != np.argmax(np.bincount(codes, totals)) for codes in sides if len(codes))
        return min(map(self._occupied_in, off), default=0)

    def _occupied_in(self, chosen: NDArray[np.bool_]) -> int:
        return int(np.count_nonzero(np.asarray(self.counts[:, np.flatnonzero(chosen)].sum(axis=1))))

    def dense(self) -> Values:
        """(G, C)."""
        return self.counts if isinstance(self.counts, np.ndarray) else self.counts.toarray()


def weighted_together(tables: Sequence[ClusterTables]) -> Callable[[Values], list[Values]]:
    """`weighted` of many tables of the same clusters at once: one product, sparse where most entries are empty.

    `amounts` must be 1. Where all sums are below 2^24, single precision holds them exactly, in half the time.
    """
    entries, filled = sum(table.counts.shape[0] * table.width for table in tables), sum(each.filled for each in tables)
    ends = np.cumsum([table.width for table in tables])[:-1]
    counts = scipy.sparse.hstack(
        [scipy.sparse.csr_array(table.counts) for table in tables], format="csr", dtype=np.float32
    )
    most = max((float(table.counts.sum(axis=0).max(initial=0)) for table in tables), default=0.0)
    dense = counts.toarray() if filled > DENSE_SHARE * entries and entries <= 5 * DENSE_ENTRIES else counts
    wide = dense.astype(np.float64) if most * MOST_TIMES >= EXACT else dense

    def weighted(weights: Values) -> list[Values]:
        if wide is dense and whole_times(weights):
            found = weights.astype(np.float32) @ dense
        else:
            found = weights @ wide.astype(np.float64)
        return np.split(np.ascontiguousarray(found, dtype=np.float64), ends, axis=1)

    return weighted


def whole_times(weights: Values) -> bool:
    """Whether every cluster counts so often that single precision sums it exactly."""
    return bool(weights.max(initial=0) <= MOST_TIMES) and not np.any(weights % 1)


def cluster_tables(
    judge: Values, human: Values, codes: Codes, clusters: int, amounts: Values | None = None
) -> ClusterTables:
    """Tables of the scored rows (`judge` not NaN) by cluster code `0..clusters-1`; a row counts 1, or its amount."""
    scored = ~np.isnan(judge)
    ones = np.ones(int(scored.sum())) if amounts is None else amounts[scored]
    return counted_by_cluster(tabulate(judge[scored], human[scored]), codes[scored], clusters, ones)


def counted_by_cluster(table: tuple[Cells, Codes], codes: Codes, clusters: int, amounts: Values) -> ClusterTables:
    """The tables of rows whose cells are known."""
    cells, row_cells = table
    shape = (clusters, len(cells.judge_codes))
    if shape[0] * shape[1] <= DENSE_ENTRIES:
        flat = np.bincount(codes * shape[1] + row_cells, amounts, minlength=shape[0] * shape[1])
        return ClusterTables(cells, flat.reshape(shape))
    return ClusterTables(
        cells, scipy.sparse.csr_array(scipy.sparse.coo_array((amounts, (codes, row_cells)), shape=shape))
    )


def informing(values: Values, codes: Codes) -> int:
    """How many clusters have a row off the commonest of `values` (n,), NaN left out: see `ClusterTables.informing`."""
    return len(np.unique(codes[off_commonest(values)]))


def off_commonest(values: Values) -> NDArray[np.bool_]:
    """(n,): whether a row has another value than the commonest one; NaN has none."""
    known = ~np.isnan(values)
    found, counts = np.unique(values[known], return_counts=True)
    return known & (values != found[np.argmax(counts)]) if len(found) else known
