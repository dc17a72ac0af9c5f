"""Agreement when it is known what wrote each judged text: does the judge tell texts apart, or only their systems?

Where a few systems wrote all texts, a judge that knows nothing but the system that wrote a text can have a high pooled
correlation. So three more numbers, all Spearman: within each system (texts of one system only), of the systems' means
(system-level), and what the system's identity alone would reach.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from metrics.binned import FEWER_BINS, FEWER_CLUSTERS, anchored, binned
from metrics.estimates import Estimate, one_number, pooled, pooled_difference, resampled_clusters
from metrics.intervals import Scale, difference_scale, value_scale
from metrics.metric import spearman
from metrics.scores import Codes, Scores, Values, clusters
from metrics.summary import RESAMPLES, Cell, cell_table
from metrics.tables import ClusterTables, cluster_tables, weighted_together

FEWEST_SYSTEMS = 3
"""Under this many the systems' means always correlate perfectly, one way or the other."""

COEFFICIENT: Scale = value_scale(spearman)


def system_agreement(scores: Scores, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any] | None:
    """`{"systems": S, "within": CELLS, "means": CELLS, "identity": CELLS, "beyond_identity": CELLS}`, or None where the
    systems are not known or fewer than three.

    `within` is the mean over systems of the Spearman within each (`n` and `undefined` count systems: those in which a
    side is constant have none), `means` the Spearman of the systems' mean scores and mean ratings over the rows scored
    (`n`: systems). `identity` is the pooled Spearman of `identity_scores`, and `beyond_identity` the judge's minus it,
    on the same rows. CELLS are those of `summarize`. Intervals resample documents: they say what other documents would
    give with these systems.
    """
    if scores.systems is None or _systems(scores)[1] < FEWEST_SYSTEMS:
        return None
    alone = identity_scores(scores)

    def cells(estimate: Estimate, scale: Scale) -> dict[str, Cell]:
        return cell_table(estimate, ["spearman"], [scale], scores.names, seed=seed, resamples=resamples)["spearman"]

    return {
        "systems": _systems(scores)[1],
        "within": cells(_within(scores, seed), COEFFICIENT),
        "means": cells(_of_means(scores, seed), COEFFICIENT),
        "identity": cells(pooled(alone, [spearman], seed), COEFFICIENT),
        "beyond_identity": cells(pooled_difference(alone, scores, [spearman], seed), difference_scale(spearman)),
    }


def identity_scores(scores: Scores) -> Scores:
    """The same rows scored by a judge that only knows which system wrote a row.

    A row's score is its system's place (0..1) among the systems by their mean rating over the other documents. The
    place and not the mean itself: a mean that leaves the row out falls as the row's rating rises, which alone would
    order the rows of one system backwards. NaN where the system wrote nothing in other documents.
    """
    documents, count = clusters(scores)
    systems, shape = _systems(scores)[0], (count, _systems(scores)[1])
    rows = _sums(documents, systems, np.ones(len(scores)), shape)
    columns = []
    for human in scores.human.T:
        sums = _sums(documents, systems, human, shape)
        ranks = _ranks(_quotient(sums.sum(axis=0) - sums, rows.sum(axis=0) - rows))
        places = _quotient(ranks, np.count_nonzero(~np.isnan(ranks), axis=1, keepdims=True))
        columns.append(places[documents, systems])
    return scores.with_judge(np.column_stack(columns))


def _within(scores: Scores, seed: int) -> Estimate:
    """The mean over systems of the Spearman within each; those without one are left out and counted."""
    coarse = binned(scores, FEWER_BINS)
    codes, total = resampled_clusters(scores, seed, None if coarse is scores else FEWER_CLUSTERS)
    systems, count = _systems(scores)
    parts = [np.flatnonzero(systems == system) for system in range(count)]
    tables, of_systems = _by_system(coarse, parts, codes, total)
    if coarse is not scores:
        exact = _by_system(scores, parts, np.zeros_like(codes), 1)[1](np.ones((1, 1)))[0]
        of_systems = anchored(of_systems, exact, total)

    def mean(weights: Values) -> Values:
        values = of_systems(weights)
        known = ~np.isnan(values)
        return _quotient(np.where(known, values, 0.0).sum(axis=2), known.sum(axis=2))

    counted = np.count_nonzero(~np.isnan(of_systems(np.ones((1, total)))[0]), axis=1)
    width = sum(each.width for each in tables)
    return one_number(mean, total, width, counted, _support(scores, codes), len(parts) - counted)


def _by_system(
    scores: Scores, parts: Sequence[Codes], codes: Codes, total: int
) -> tuple[list[ClusterTables], Callable[[Values], Values]]:
    """The tables of every criterion and system, and their Spearman, from weights (B, G) to (B, K, S)."""
    tables = [
        cluster_tables(judge[part], human[part], codes[part], total)
        for judge, human in zip(scores.judge.T, scores.human.T, strict=True)
        for part in parts
    ]
    weigh = weighted_together(tables)

    def of_systems(weights: Values) -> Values:
        found = [spearman.batch(table.cells, counts) for table, counts in zip(tables, weigh(weights), strict=True)]
        return np.moveaxis(np.array(found).reshape(len(scores.names), len(parts), -1), 2, 0)

    return tables, of_systems


def _of_means(scores: Scores, seed: int) -> Estimate:
    """The Spearman of the systems' mean scores and mean ratings, over the rows that the judge scored."""
    codes, total = resampled_clusters(scores, seed)
    systems, count = _systems(scores)
    sums = [
        [_sums(codes, systems, np.where(known, side, 0.0), (total, count)) for side in (judge, human, known)]
        for judge, human, known in zip(scores.judge.T, scores.human.T, scores.scored.T, strict=True)
    ]

    def correlations(weights: Values) -> Values:
        """(B, K)."""
        found = []
        for judge, human, rows in sums:
            weighted = weights @ rows
            found.append(_spearman_of_rows(*(_quotient(weights @ side, weighted) for side in (judge, human))))
        return np.stack(found, axis=1)

    counted = np.array([np.count_nonzero(rows.sum(axis=0)) for _, _, rows in sums])
    return one_number(correlations, total, count, counted, _support(scores, codes))


def _spearman_of_rows(judge: Values, human: Values) -> Values:
    """(B,) the Spearman of two (B, S) where both are known; NaN under three systems, or where a side is constant."""
    enough = np.count_nonzero(~np.isnan(judge), axis=1) >= FEWEST_SYSTEMS
    first, second = (_centred(_ranks(side)) for side in (judge, human))
    spread = np.sqrt(np.sum(first**2, axis=1) * np.sum(second**2, axis=1))
    return np.where(enough, np.clip(_quotient(np.sum(first * second, axis=1), spread), -1, 1), np.nan)


def _ranks(values: Values) -> Values:
    """Midranks in each row of (B, S), NaN where NaN; equal to nine decimals is tied, since means are fractions."""
    known = ~np.isnan(values)
    last = np.where(known, np.round(values, 9), np.inf)  # scipy's own way with NaN takes rows one by one
    return np.where(known, np.asarray(scipy.stats.rankdata(last, axis=1)), np.nan)


def _centred(ranks: Values) -> Values:
    known = ~np.isnan(ranks)
    means = _quotient(np.where(known, ranks, 0.0).sum(axis=1), known.sum(axis=1))
    return np.where(known, ranks - means[:, None], 0.0)


def _systems(scores: Scores) -> tuple[Codes, int]:
    known, codes = np.unique(np.asarray(scores.systems), return_inverse=True)
    return codes, len(known)


def _support(scores: Scores, codes: Codes) -> Codes:
    """(K,): how many clusters inform an order."""
    coarse, total = binned(scores), int(codes.max(initial=0)) + 1
    columns = zip(coarse.judge.T, coarse.human.T, strict=True)
    tables = (cluster_tables(judge, human, codes, total) for judge, human in columns)
    return np.array([table.informing() for table in tables])


def _sums(rows: Codes, columns: Codes, values: Values, shape: tuple[int, int]) -> Values:
    flat = np.bincount(rows * shape[1] + columns, values, minlength=shape[0] * shape[1])
    return np.asarray(flat, dtype=np.float64).reshape(shape)


def _quotient(numerator: Values, denominator: NDArray[Any]) -> Values:
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)
