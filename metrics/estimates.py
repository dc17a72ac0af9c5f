"""The metrics of a set of scores as functions of how often each cluster counts: what resampling needs.

Pooled: the metric of all rows together. By document: the mean over documents of each document's own metric, which is
what G-Eval and UniEval report and a different number (PAPER, "What is weak in it", 8).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metrics.binned import anchored, binned
from metrics.documents import document_values
from metrics.metric import Metric
from metrics.scores import Codes, Scores, Values, both_scored, clusters
from metrics.tables import BATCH_NUMBERS, ClusterTables, cluster_tables

MOST_CLUSTERS = 2_000
"""Beyond this many, clusters are merged at random before they are resampled.

Sums of independent clusters are independent clusters, so intervals stay valid; their standard errors carry a relative
error of 1/sqrt(2 x 2,000) = 1.6 %, as much as 2,000 resamples add. It bounds time and memory for a million rows.
"""


@dataclass(frozen=True, eq=False)
class Estimate:
    """Values of M metrics on K criteria and their mean, (B, M, K + 1), from cluster weights (B, G).

    `counted` (M, K + 1) says how many rows (documents) are behind each value, `left_out` how many documents are not
    because they have no value, and `support` how many clusters inform it: those scored, and of a pooled coefficient
    those that can order anything (`ClusterTables.informing`). A mean counts what its least informed criterion does; it
    is undefined when one criterion is.

    `sides` are the two values, before and after, (2, B, M, K), of a difference of pooled values; None of any other
    estimate.
    """

    clusters: int
    width: int
    criteria_values: Callable[[Values], Values]
    counted: Codes
    left_out: Codes
    support: Codes
    sides: Callable[[Values], Values] | None = None

    def __call__(self, weights: Values) -> Values:
        return with_mean(self.criteria_values(weights))

    @property
    def point(self) -> Values:
        """(M, K + 1): every cluster once."""
        value: Values = self(np.ones((1, self.clusters)))[0]
        return value

    @property
    def batch(self) -> int:
        """How many weight vectors to evaluate at once."""
        return max(1, BATCH_NUMBERS // max(self.width, self.clusters, 1))


def with_mean(values: Values) -> Values:
    """Append the mean over criteria, the last axis."""
    return np.concatenate([values, values.mean(axis=-1, keepdims=True)], axis=-1)


def pooled(scores: Scores, metrics: Sequence[Metric], seed: int = 0) -> Estimate:
    """The metrics over all scored rows."""
    values, tables, total = _side(scores, metrics, seed)
    return _pooled_estimate(total, tables, scores, metrics, values)


def pooled_difference(before: Scores, after: Scores, metrics: Sequence[Metric], seed: int = 0) -> Estimate:
    """After minus before on the rows that both scored, the same clusters resampled for both."""
    before, after = both_scored(before, after)
    (earlier, tables, total), (later, others, _) = (_side(each, metrics, seed) for each in (before, after))

    def change(weights: Values) -> Values:
        return later(weights) - earlier(weights)

    found = _pooled_estimate(total, [*tables, *others], after, metrics, change)
    return replace(found, sides=lambda weights: np.stack([earlier(weights), later(weights)]))


def by_document(scores: Scores, metrics: Sequence[Metric], seed: int = 0) -> Estimate:
    """The mean over documents of the metrics within each; documents without a value are left out and counted."""
    return _mean_over_documents(document_values(scores, metrics), seed)


def by_document_difference(before: Scores, after: Scores, metrics: Sequence[Metric], seed: int = 0) -> Estimate:
    """The mean over documents of after minus before, on the rows that both scored; both must have a value."""
    before, after = both_scored(before, after)
    return _mean_over_documents(document_values(after, metrics) - document_values(before, metrics), seed)


def one_number(
    values: Callable[[Values], Values],
    clusters: int,
    width: int,
    counted: Codes,
    support: Codes,
    left_out: Codes | None = None,
) -> Estimate:
    """An estimate of a single metric from any function of cluster weights, (B, G) to (B, K); the others are (K,)."""
    left_out = np.zeros_like(counted) if left_out is None else left_out
    return Estimate(
        clusters,
        width,
        lambda weights: values(weights)[:, None],
        least_last(counted)[None],
        np.append(left_out, left_out.max()).astype(np.intp)[None],
        least_last(support)[None],
    )


def exact_values(scores: Scores, metrics: Sequence[Metric]) -> Values:
    """(M, K): the metrics of all scored rows, of the scores as they are."""
    alone = np.zeros(len(scores), dtype=np.intp)
    columns = zip(scores.judge.T, scores.human.T, strict=True)
    tables = [cluster_tables(judge, human, alone, 1) for judge, human in columns]
    return _values(tables, metrics, np.ones((1, 1)))[0]


def _side(
    scores: Scores, metrics: Sequence[Metric], seed: int
) -> tuple[Callable[[Values], Values], list[ClusterTables], int]:
    """One judge's values from cluster weights, the clusters' tables behind them, and how many clusters there are."""
    coarse = binned(scores)
    tables, total = tables_of(coarse, seed)

    def values(weights: Values) -> Values:
        return _values(tables, metrics, weights)

    exact = coarse is scores
    return values if exact else anchored(values, exact_values(scores, metrics), total), tables, total


def _pooled_estimate(
    total: int,
    tables: Sequence[ClusterTables],
    scores: Scores,
    metrics: Sequence[Metric],
    values: Callable[[Values], Values],
) -> Estimate:
    rows = scores.scored.sum(axis=0)
    width = max((table.width for table in tables), default=0)
    counted, left_out = (_for_every_metric(least_last(each), len(metrics)) for each in (rows, np.zeros_like(rows)))
    support = [_support(tables, metric, len(tables) > len(rows)) for metric in metrics]
    return Estimate(total, width, values, counted, left_out, least_last(np.array(support)[:, : len(rows)]))


def _support(tables: Sequence[ClusterTables], metric: Metric, paired: bool) -> list[int]:
    """Clusters with a scored row; for a coefficient, those that can order anything. The difference of two judges is
    known better than either: what is rare is rare for both."""
    ordered = metric.kind == "coefficient" and not paired
    return [table.informing() if ordered else int(table.occupied().sum()) for table in tables]


def _mean_over_documents(values: Values, seed: int) -> Estimate:
    documents, *shape = values.shape
    group, total = merge_clusters(documents, seed)
    defined = ~np.isnan(values)
    flat = (documents, int(np.prod(shape)))
    sums = _sum_by(group, total, np.where(defined, values, 0.0).reshape(flat))
    counts = _sum_by(group, total, defined.reshape(flat).astype(np.float64))

    def mean(weights: Values) -> Values:
        present = weights @ counts
        means = np.divide(weights @ sums, present, out=np.full_like(present, np.nan), where=present > 0)
        return means.reshape(len(weights), *shape)

    counted = least_last(defined.sum(axis=0))
    support = least_last(np.count_nonzero(counts, axis=0).reshape(shape))
    return Estimate(total, flat[1], mean, counted, documents - counted, support)


def merge_clusters(total: int, seed: int, most: int | None = None) -> tuple[Codes, int]:
    """Where each cluster goes when at most `most` (`MOST_CLUSTERS`) may stay: to itself, or to a random share."""
    most = most or MOST_CLUSTERS
    if total <= most:
        return np.arange(total), total
    return np.random.default_rng([seed, 1]).permutation(total) % most, most


def resampled_clusters(scores: Scores, seed: int, most: int | None = None) -> tuple[Codes, int]:
    """Code of each row's cluster as it is resampled, `0..G-1`, and `G`: at most `most` (`MOST_CLUSTERS`)."""
    codes, total = clusters(scores)
    group, merged = merge_clusters(total, seed, most)
    return group[codes], merged


def tables_of(scores: Scores, seed: int) -> tuple[list[ClusterTables], int]:
    """The clusters' tables of each criterion, and how many clusters there are."""
    codes, total = resampled_clusters(scores, seed)
    columns = zip(scores.judge.T, scores.human.T, strict=True)
    return [cluster_tables(judge, human, codes, total) for judge, human in columns], total


def _values(tables: Sequence[ClusterTables], metrics: Sequence[Metric], weights: Values) -> Values:
    """(B, M, K)."""
    weighted = [(table.cells, table.weighted(weights)) for table in tables]
    return np.stack([[metric.batch(*table) for metric in metrics] for table in weighted]).transpose(2, 1, 0)


def _sum_by(group: Codes, total: int, values: Values) -> Values:
    columns = [np.bincount(group, column, minlength=total) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((total, 0))


def least_last(counts: NDArray[np.integer]) -> Codes:
    """Append what the mean over criteria counts: no more than its least informed criterion."""
    return np.concatenate([counts, counts.min(axis=-1, keepdims=True)], axis=-1).astype(np.intp)


def _for_every_metric(counts: Codes, metrics: int) -> Codes:
    return np.broadcast_to(counts, (metrics, len(counts)))
