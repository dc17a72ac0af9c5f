"""The metrics within each document, of as many documents at once as have few cells between them."""

from collections.abc import Iterator, Sequence

import numpy as np

from metrics.binned import many_values
from metrics.metric import Metric
from metrics.scores import Codes, Scores, Values, clusters
from metrics.tables import BATCH_NUMBERS, cluster_tables, tabulate

FEW_NUMBERS = 25_000
"""How many a batch of documents' tables holds where not all fit into one: what takes least time."""


def document_values(scores: Scores, metrics: Sequence[Metric]) -> Values:
    """(D, M, K): each document's metrics, NaN where undefined; no documents at all where rows have none."""
    if scores.documents is None:
        return np.empty((0, len(metrics), len(scores.criteria)))
    codes, total = clusters(scores)
    columns = zip(scores.judge.T, scores.human.T, strict=True)
    return np.stack([_of_column(judge, human, codes, total, metrics) for judge, human in columns], axis=2)


def _of_column(judge: Values, human: Values, codes: Codes, total: int, metrics: Sequence[Metric]) -> Values:
    """(D, M). Where not all documents fit into one batch, metrics that look at order only are given places instead of
    values: documents share those, and so cells."""
    scored = ~np.isnan(judge)
    judge, human, codes = judge[scored], human[scored], codes[scored]
    width = len(judge) if many_values(judge) else len(tabulate(judge, human)[0].judge_codes)
    if total * width <= BATCH_NUMBERS:
        return _in_batches(judge, human, codes, total, width, metrics)
    order = np.argsort(codes, kind="stable")
    judge, human, codes = judge[order], human[order], codes[order]
    found, most = np.empty((total, len(metrics))), int(np.bincount(codes).max(initial=1))
    both = places_within(np.append(judge, human), np.tile(codes, 2))
    for rule, (one, other), cells in (
        (None, (judge, human), width),
        ("each side", (places_within(judge, codes), places_within(human, codes)), most**2),
        ("both sides", (both[: len(codes)], both[len(codes) :]), 4 * most**2),
    ):
        chosen = [place for place, metric in enumerate(metrics) if metric.by_order == rule]
        if chosen:
            own = [metrics[place] for place in chosen]
            found[:, chosen] = _in_batches(one, other, codes, total, min(cells, width), own)
    return found


def places_within(values: Values, codes: Codes) -> Values:
    """(n,) each value's place, from 0 on, among the distinct values of its document."""
    order = np.lexsort((values, codes))
    starts = np.diff(codes[order], prepend=-1) > 0
    place = np.cumsum(starts | (np.diff(values[order], prepend=np.nan) != 0))
    found = np.empty(len(values))
    found[order] = place - place[np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))]
    return found


def _in_batches(
    judge: Values, human: Values, codes: Codes, documents: int, width: int, metrics: Sequence[Metric]
) -> Values:
    """(D, M) from rows in the order of their documents, unless one batch holds them all."""
    parts = []
    for first, last in _batches(documents, len(codes), width):
        rows = slice(*np.searchsorted(codes, (first, last))) if last - first < documents else slice(None)
        table = cluster_tables(judge[rows], human[rows], codes[rows] - first, last - first)
        counts = np.asfortranarray(table.dense())  # sums of fractions then round as they always have
        parts.append(np.stack([metric.batch(table.cells, counts) for metric in metrics], axis=1))
    return np.concatenate(parts)


def _batches(documents: int, rows: int, width: int) -> Iterator[tuple[int, int]]:
    """Few documents at a time where cells are many: most of a large batch would be other documents' cells."""
    size = int(max(BATCH_NUMBERS / max(width, 1), (FEW_NUMBERS * documents / max(rows, 1)) ** 0.5, 1))
    for first in range(0, documents, size):
        yield first, min(first + size, documents)
