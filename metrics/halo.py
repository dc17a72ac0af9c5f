"""The halo of a judge: does it see the criteria as more alike than the raters do, and what does each score add?

Halo is that ratings of different criteria follow one overall impression (Thorndike 1920, "A constant error in
psychological ratings"). Criteria may truly go together, so the raters' own correlations are what the judge's are held
against (Cooper 1981, "Ubiquitous halo"). They are those of the ratings as they stand: means of several raters are less
noisy than one rater, and noise makes every correlation smaller.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from metrics.binned import FEWER_BINS, FEWER_CLUSTERS, anchored, binned
from metrics.estimates import one_number, resampled_clusters
from metrics.intervals import Scale, difference_scale, value_scale
from metrics.metric import spearman
from metrics.rank_matrix import partial_correlation, rank_matrix, remembered
from metrics.scores import Codes, Scores, Values
from metrics.summary import RESAMPLES, Cell, cell_table, defined
from metrics.tables import informing

Read = Callable[[Values], list[Values]]
"""From the (B, 2K, 2K) correlations of the judge's K columns and the raters' K to a list of (B,)."""


def halo(scores: Scores, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any] | None:
    """`{"rows", "judge", "raters", "excess", "given_ratings", "given_scores"}`, or None with a single criterion.

    All are Spearman's, pooled over the rows that the judge scored on every criterion (`rows`). `judge` and `raters`
    hold the correlation of every two criteria under `a|b`, `excess` the judge's minus the raters' as CELLS of
    `summarize` (positive: halo; `mean`: over the pairs). `given_ratings` and `given_scores` hold for each criterion the
    partial correlation of its score and its rating: given the raters' ratings of the other criteria (does the score
    say something of this criterion which they do not?), and given the judge's own scores of the others (something that
    its other scores do not?). Intervals resample documents.
    """
    if len(scores.names) < 2:
        return None
    whole = scores.rows(np.flatnonzero(scores.scored.all(axis=1)))
    coarse = binned(whole, FEWER_BINS)
    codes, total = resampled_clusters(whole, seed, None if coarse is whole else FEWER_CLUSTERS)
    matrix = rank_matrix(np.concatenate([coarse.judge, coarse.human], axis=1), codes)
    if coarse is not whole:
        exact = rank_matrix(np.concatenate([whole.judge, whole.human], axis=1), np.zeros_like(codes))
        matrix = anchored(matrix, exact(np.ones((1, 1)))[0], total)
    matrix = remembered(matrix)
    alone, count = matrix(np.ones((1, total)))[0], len(whole.names)
    pairs = {f"{whole.names[a]}|{whole.names[b]}": (a, b) for a, b in combinations(range(count), 2)}
    sides = [[informing(column, codes) for column in side.T] for side in (whole.judge, whole.human)]
    informed = np.min(sides, axis=0)

    def cells(labels: Sequence[str], support: Codes, scale: Scale, read: Read) -> dict[str, Cell]:
        counted = np.full(len(labels), len(whole))
        estimate = one_number(
            lambda weights: np.stack(read(matrix(weights)), axis=1), total, alone.size, counted, support
        )
        return cell_table(estimate, ["rho"], [scale], labels, seed=seed, resamples=resamples)["rho"]

    coefficient = value_scale(spearman)
    return {
        "rows": len(whole),
        "judge": {title: defined(alone[a, b]) for title, (a, b) in pairs.items()},
        "raters": {title: defined(alone[count + a, count + b]) for title, (a, b) in pairs.items()},
        "excess": cells(
            list(pairs), np.full(len(pairs), total), difference_scale(spearman), _excess(list(pairs.values()), count)
        ),
        "given_ratings": cells(whole.names, informed, coefficient, _partial(count, count)),
        "given_scores": cells(whole.names, informed, coefficient, _partial(0, count)),
    }


def _excess(pairs: Sequence[tuple[int, int]], count: int) -> Read:
    """The judge's minus the raters' correlation of every pair of criteria."""
    return lambda found: [found[:, a, b] - found[:, count + a, count + b] for a, b in pairs]


def _partial(first_control: int, count: int) -> Read:
    """Score and rating of every criterion, given the others in the columns from `first_control` on."""
    controls = [[first_control + other for other in range(count) if other != own] for own in range(count)]
    return lambda found: [partial_correlation(found, own, count + own, controls[own]) for own in range(count)]
