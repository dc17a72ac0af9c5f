"""What becomes of a judge's scores when its prompt names the same criteria in another order."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics.estimates import Estimate, pooled, pooled_difference
from metrics.intervals import difference_scale, value_scale
from metrics.levels import differing
from metrics.metric import Metric, mae, spearman
from metrics.scores import Scores
from metrics.summary import RESAMPLES, Cell, cell_table

CHANGED = Metric("changed", "share", -1, differing)
MOVED = Metric("moved", "distance", -1, mae.batch)
BETWEEN = (CHANGED, MOVED, spearman)
"""How far the scores of two orders are apart: the share that changed, the mean absolute change, and their Spearman."""

AGREEMENT = (spearman, mae)
"""Of which the change is shown."""

Tables = dict[str, dict[str, Cell]]


def order_change(own: Scores, others: Sequence[Scores], *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """`{"mean": TABLES, "each": [TABLES, ...]}` of one judge's scores of the same rows in its own and in other orders.

    TABLES are `{"between": {"changed", "moved", "spearman"}, "agreement": {"spearman", "mae"}}` with cells as
    `summarize` has: of the scores in one order against those in the other, and the other order's agreement with the
    raters minus the own order's, on the rows scored in both. "mean" is over the orders. A judge that samples its
    replies (temperature above 0) would change some scores in the same order too. Raises `ValueError` for other rows.
    """
    between = [pooled(_between(own, other), BETWEEN, seed) for other in others]
    agreement = [pooled_difference(own, other, AGREEMENT, seed) for other in others]

    def tables(apart: Estimate, change: Estimate) -> dict[str, Tables]:
        scales = [value_scale(metric) for metric in BETWEEN], [difference_scale(metric) for metric in AGREEMENT]
        named = (("between", apart, BETWEEN, scales[0]), ("agreement", change, AGREEMENT, scales[1]))
        return {
            name: cell_table(
                estimate, [each.name for each in metrics], scale, own.names, seed=seed, resamples=resamples
            )
            for name, estimate, metrics, scale in named
        }

    return {
        "mean": tables(averaged(between), averaged(agreement)),
        "each": [tables(*both) for both in zip(between, agreement, strict=True)],
    }


def _between(own: Scores, other: Scores) -> Scores:
    """The scores in another order, with those in the own order in the raters' place."""
    both = own.scored & other.scored
    return Scores(own.criteria, np.where(both, own.judge, 0.0), np.where(both, other.judge, np.nan), own.documents)


def averaged(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of several estimates over the same clusters; it counts what the least informed of them does."""
    return Estimate(
        estimates[0].clusters,
        sum(each.width for each in estimates),
        lambda weights: np.mean([each.criteria_values(weights) for each in estimates], axis=0),
        np.min([each.counted for each in estimates], axis=0),
        np.max([each.left_out for each in estimates], axis=0),
        np.min([each.support for each in estimates], axis=0),
    )
