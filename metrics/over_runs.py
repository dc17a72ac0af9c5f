"""One configuration over several runs: the mean of the runs' values, with an interval that resamples shared documents.

Runs of different seeds draw their test rows from one table, so a document may be tested in several of them. The
interval resamples documents once for all runs; it says how far the mean would move with other documents, for these
runs. How much runs differ by themselves is their spread, which stands beside it and not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.estimates import Estimate, pooled, pooled_difference
from metrics.intervals import Scale, difference_scale, value_scale
from metrics.metric import Metric
from metrics.scores import Codes, Scores, Values, clusters
from metrics.summary import RESAMPLES, Cell, cell_table

Pair = tuple[Scores, Scores]


@dataclass(frozen=True)
class OverRuns:
    """The mean over runs (`cells`: metric -> criterion or "mean" -> cell) and each run's own values in `by_run`."""

    cells: dict[str, dict[str, Cell]]
    by_run: list[dict[str, dict[str, float | None]]]

    def spread(self, metric: str, name: str = "mean") -> float | None:
        """Standard deviation over the runs; None with one run, or where a run's value is undefined."""
        values = [run[metric][name] for run in self.by_run]
        known = [value for value in values if value is not None]
        return float(np.std(known, ddof=1)) if len(known) == len(values) > 1 else None


def values_over_runs(
    runs: Sequence[Scores], metrics: Sequence[Metric], *, seed: int = 0, resamples: int = RESAMPLES
) -> OverRuns:
    """The metrics, pooled over each run's rows, averaged over the runs.

    `documents` of the scores are codes that all runs share. A mean is undefined when one run's value is. `n` counts
    the scored rows of all runs.
    """
    parts = [pooled(scores, metrics, seed) for scores in runs]
    scales = [value_scale(metric) for metric in metrics]
    return _over_runs(parts, runs, metrics, scales, seed, resamples)


def difference_over_runs(
    pairs: Sequence[Pair], metrics: Sequence[Metric], *, seed: int = 0, resamples: int = RESAMPLES
) -> OverRuns:
    """After minus before, paired within each run, averaged over the runs."""
    parts = [pooled_difference(before, after, metrics, seed) for before, after in pairs]
    scales = [difference_scale(metric) for metric in metrics]
    return _over_runs(parts, [after for _, after in pairs], metrics, scales, seed, resamples)


def mean_or_none(values: Sequence[float | None]) -> float | None:
    """The mean; None where one value is undefined, or where there are none."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _over_runs(
    parts: Sequence[Estimate],
    runs: Sequence[Scores],
    metrics: Sequence[Metric],
    scales: Sequence[Scale],
    seed: int,
    resamples: int,
) -> OverRuns:
    estimate = mean_estimate(parts, runs)
    names = runs[0].names
    cells = cell_table(estimate, [metric.name for metric in metrics], scales, names, seed=seed, resamples=resamples)
    return OverRuns(cells, [_points(part, metrics, names) for part in parts])


def _points(part: Estimate, metrics: Sequence[Metric], names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    point = part.point
    return {
        metric.name: {
            name: None if np.isnan(point[row, column]) else float(point[row, column])
            for column, name in enumerate((*names, "mean"))
        }
        for row, metric in enumerate(metrics)
    }


def mean_estimate(parts: Sequence[Estimate], runs: Sequence[Scores]) -> Estimate:
    """The mean of the parts as a function of the weights of the clusters that they share."""
    known = np.unique(np.concatenate([_codes(scores) for scores in runs]))
    places = [np.searchsorted(known, np.unique(_codes(scores))) for scores in runs]

    def values(weights: Values) -> Values:
        found: Values = np.mean(
            [part.criteria_values(weights[:, own]) for part, own in zip(parts, places, strict=True)], axis=0
        )
        return found

    counted = np.sum([part.counted for part in parts], axis=0)
    left_out = np.sum([part.left_out for part in parts], axis=0)
    support = np.broadcast_to(_support(runs), counted.shape)
    return Estimate(len(known), sum(part.width for part in parts), values, counted, left_out, support)


def _codes(scores: Scores) -> Codes:
    return clusters(scores)[0] if scores.documents is None else scores.documents


def _support(runs: Sequence[Scores]) -> Codes:
    """(K + 1,): how many shared clusters have a scored row of each criterion, and the fewest of them for the mean."""
    informed = [
        len(np.unique(np.concatenate([_codes(scores)[scores.scored[:, column]] for scores in runs])))
        for column in range(len(runs[0].criteria))
    ]
    return np.array([*informed, min(informed)], dtype=np.intp)
