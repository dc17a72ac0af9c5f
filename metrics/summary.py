"""The agreement tables of summary.json: every metric by criterion and their mean, pooled and by document."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics.estimates import Estimate, by_document, by_document_difference, pooled, pooled_difference
from metrics.intervals import Scale, difference_scale, intervals, value_scale
from metrics.metric import METRICS
from metrics.scores import Scores, Values, both_scored
from metrics.worst_case import worst_case

Cell = dict[str, float | int | None]
"""`{"value", "low", "high", "n", "undefined"}`: None is undefined (or, for the bounds, not to be had)."""

RESAMPLES = 2000


def summarize(scores: Scores, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """`{"pooled": {METRIC: {"mean": CELL, CRITERION: CELL}}, "by_document": {...}, "coverage": {...}}`, JSON-ready.

    In `pooled` a cell's `n` is the rows scored. In `by_document` it is the documents that have a value, and
    `undefined` those left out because they have none (for rank metrics: a side is constant there; for coefficients
    also: fewer than two scored rows). The mean over criteria has its own interval from the same resamples and is None
    when one criterion's value is; its `n` is that of the criterion with fewest. Without documents `by_document` is
    all None with n 0. Distinct from `difference`, which compares two judges.
    """
    metrics = list(METRICS.values())
    scales = [value_scale(metric) for metric in metrics]
    return {
        "pooled": _table(pooled(scores, metrics, seed), scales, scores, seed, resamples),
        "by_document": _table(by_document(scores, metrics, seed), scales, scores, seed, resamples),
        "coverage": scores.coverage(),
    }


def difference(before: Scores, after: Scores, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """After minus before in the shape of `summarize`, paired: the rows that both scored, the same clusters resampled.

    `coverage` counts the rows that both scored. `worst_case` bounds the pooled difference over all rows, whatever the
    unscored ones would have got (see `metrics.worst_case`). Raises `ValueError` when the two have other rows.
    """
    metrics = list(METRICS.values())
    scales = [difference_scale(metric) for metric in metrics]
    within = by_document_difference(before, after, metrics, seed)
    return {
        "pooled": _table(pooled_difference(before, after, metrics, seed), scales, after, seed, resamples),
        "by_document": _table(within, scales, after, seed, resamples),
        "coverage": both_scored(before, after)[1].coverage(),
        "worst_case": worst_case(before, after),
    }


def point_values(scores: Scores) -> dict[str, dict[str, float | None]]:
    """Every metric per criterion, pooled, without intervals."""
    return {
        name: {
            criterion: metric(scores.judge[:, place], scores.human[:, place])
            for place, criterion in enumerate(scores.names)
        }
        for name, metric in METRICS.items()
    }


def _table(estimate: Estimate, scales: list[Scale], scores: Scores, seed: int, resamples: int) -> dict[str, Any]:
    return cell_table(estimate, list(METRICS), scales, scores.names, seed=seed, resamples=resamples)


def cell_table(
    estimate: Estimate,
    metrics: Sequence[str],
    scales: Sequence[Scale],
    names: Sequence[str],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Cell]]:
    """Metric -> "mean" or criterion -> the estimate's value with its interval; `scales` go with `metrics`."""
    point, (low, high) = estimate.point, intervals(estimate, scales, seed=seed, resamples=resamples)
    columns = {"mean": len(names), **{name: place for place, name in enumerate(names)}}
    return {
        metric: {name: _cell(estimate, (row, column), point, low, high) for name, column in columns.items()}
        for row, metric in enumerate(metrics)
    }


def _cell(estimate: Estimate, place: tuple[int, int], point: Values, low: Values, high: Values) -> Cell:
    return {
        "value": defined(point[place]),
        "low": defined(low[place]),
        "high": defined(high[place]),
        "n": int(estimate.counted[place]),
        "undefined": int(estimate.left_out[place]),
    }


def defined(value: float) -> float | None:
    """None for NaN, as JSON has it."""
    return None if np.isnan(value) else float(value)
