"""Does a judge beat one that always says the same? On skewed ratings a constant has a small error (PAPER, gates).

Always 0 has a mean absolute error of .46 over BRIGHTER's emotions, where a judge that ranks the texts well (Spearman
.46) may have .54.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics.estimates import pooled_difference
from metrics.intervals import difference_scale
from metrics.metric import METRICS, Metric
from metrics.scores import Scores, Values
from metrics.summary import RESAMPLES, Cell, cell_table
from metrics.tables import Cells


def against_constants(
    scores: Scores,
    metrics: Sequence[str],
    chosen_on: Values | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Any]]:
    """Metric -> "mean" or criterion (the mean's `level` is None: each criterion has its own) -> `{"level", "constant",
    "judge", "difference", "beaten"}`, pooled over the rows scored.

    `level` is the whole level whose constant is best by the metric on the ratings `chosen_on` (m, K), or on those of
    `scores` where there are none: then it is chosen with hindsight, which favours it. `constant` is its value on the
    rows that the judge scored, `judge` the judge's, and `difference` the judge's minus the constant's, as a cell of
    `summarize`. `beaten`: the constant's is better. All but `level` are None where the metric has no value, and
    metrics of which no constant has one (ranks) are left out.
    """
    human = scores.human if chosen_on is None or not len(chosen_on) else chosen_on
    return {
        name: found
        for name in metrics
        if (found := _against(scores, METRICS[name], human, seed=seed, resamples=resamples)) is not None
    }


def best_level(metric: Metric, levels: Sequence[int], human: Values) -> int | None:
    """The level whose constant is best on these ratings (the lowest of several); None where no constant has a value."""
    rated, counts = np.unique(human, return_counts=True)
    alone, every = np.zeros(len(rated), dtype=np.intp), np.arange(len(rated))
    known = {}
    for level in levels if len(rated) else ():
        value = metric.batch(Cells(np.array([float(level)]), rated, alone, every), counts[None].astype(np.float64))[0]
        if not np.isnan(value):
            known[level] = metric.orientation * value
    return max(known, key=lambda level: known[level]) if known else None


def _against(
    scores: Scores, metric: Metric, human: Values, *, seed: int, resamples: int
) -> dict[str, dict[str, Any]] | None:
    levels = [best_level(metric, each.levels, human[:, place]) for place, each in enumerate(scores.criteria)]
    if all(level is None for level in levels):
        return None
    flat = np.broadcast_to([np.nan if level is None else float(level) for level in levels], scores.judge.shape)
    constant = scores.with_judge(np.where(scores.scored, flat, np.nan))
    change = pooled_difference(constant, scores, [metric], seed)
    scale = difference_scale(metric)
    cells = cell_table(change, [metric.name], [scale], scores.names, seed=seed, resamples=resamples)[metric.name]
    own, other = (_values(metric, side) for side in (scores, constant))
    chosen = {"mean": None, **dict(zip(scores.names, levels, strict=True))}
    return {
        name: {
            "level": level,
            "constant": other[name],
            "judge": own[name],
            "difference": cells[name],
            "beaten": _beaten(metric, cells[name]),
        }
        for name, level in chosen.items()
    }


def _values(metric: Metric, scores: Scores) -> dict[str, float | None]:
    columns = zip(scores.names, scores.judge.T, scores.human.T, strict=True)
    values = {name: metric(judge, human) for name, judge, human in columns}
    known = [value for value in values.values() if value is not None]
    return {"mean": sum(known) / len(known) if len(known) == len(values) else None, **values}


def _beaten(metric: Metric, difference: Cell) -> bool | None:
    gap = difference["value"]
    return None if gap is None else metric.orientation * gap < 0
