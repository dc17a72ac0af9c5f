"""One configuration over several runs: the mean of the runs' values, with an interval that resamples shared documents.

Runs of different seeds draw their test rows from one table, so a document may be tested in several of them. The
interval resamples documents once for all runs; it says how far the mean would move with other documents, for these
runs. How much runs differ by themselves is their spread, which stands beside it and not in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.estimates import Estimate, pooled, pooled_difference
from metrics.intervals import Scale, difference_scale, value_scale
from metrics.metric import Metric
from metrics.scores import Codes, Scores, Values, clusters
from metrics.summary import RESAMPLES, Cell, cell_table
from metrics.tables import off_commonest

Pair = tuple[Scores, Scores]

Side = Callable[[Values, Values], NDArray[np.bool_]]
"""From the judge's and the humans' (n,) to the rows that count."""


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
    estimate = mean_estimate(parts, runs, [scale.shape == "fisher" for scale in scales])
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


def mean_estimate(parts: Sequence[Estimate], runs: Sequence[Scores], ordered: Sequence[bool]) -> Estimate:
    """The mean of the parts as a function of the weights of the clusters that they share.

    `ordered` says of each metric whether its values are coefficients, which only some clusters inform.
    """
    known = np.unique(np.concatenate([_codes(scores) for scores in runs]))
    places = [np.searchsorted(known, np.unique(_codes(scores))) for scores in runs]

    def values(weights: Values) -> Values:
        found: Values = np.mean(
            [part.criteria_values(weights[:, own]) for part, own in zip(parts, places, strict=True)], axis=0
        )
        return found

    counted = np.sum([part.counted for part in parts], axis=0)
    left_out = np.sum([part.left_out for part in parts], axis=0)
    scored, ordering = (_support(runs, kinds) for kinds in (_SCORED, _ORDERING))
    support = np.array([ordering if each else scored for each in ordered])
    return Estimate(len(known), sum(part.width for part in parts), values, counted, left_out, support)


def _codes(scores: Scores) -> Codes:
    return clusters(scores)[0] if scores.documents is None else scores.documents


_SCORED: Sequence[Side] = (lambda judge, human: ~np.isnan(judge),)
_ORDERING: Sequence[Side] = (
    lambda judge, human: off_commonest(judge),
    lambda judge, human: off_commonest(np.where(np.isnan(judge), np.nan, human)),
)


def _support(runs: Sequence[Scores], sides: Sequence[Side]) -> Codes:
    """(K + 1,): how many shared clusters have such a row of each criterion, on the side that has fewest, and the fewest
    of them for the mean."""
    found = [min(_clusters(runs, column, side) for side in sides) for column in range(len(runs[0].criteria))]
    return np.array([*found, min(found)], dtype=np.intp)


def _clusters(runs: Sequence[Scores], column: int, side: Side) -> int:
    chosen = [_codes(scores)[side(scores.judge[:, column], scores.human[:, column])] for scores in runs]
    return len(np.unique(np.concatenate(chosen)))
