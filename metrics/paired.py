"""Is the judge after a rewrite better than the one before? The paired comparison that the gate decides on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.collapse import collapsed, varies
from metrics.estimates import Estimate, pooled, pooled_difference
from metrics.intervals import resampled_weights
from metrics.metric import METRICS, Metric
from metrics.scores import Scores, Values, both_scored

__all__ = ["PairedComparison", "collapsed", "paired_draws"]


@dataclass(frozen=True, eq=False)
class PairedComparison:
    """One metric of two judges on the rows that both scored, criterion by criterion.

    `before` and `after` hold the metric's own values, `None` where a criterion does not count because a side is
    constant or the metric undefined. `difference` is the mean over the comparable criteria of after minus before,
    turned so that positive is better (`None`: nothing is comparable); `draws` is the same in resamples of documents.
    """

    metric: str
    before: Mapping[str, float | None]
    after: Mapping[str, float | None]
    difference: float | None
    draws: Values

    @property
    def comparable(self) -> tuple[str, ...]:
        """The criteria that have a value on both sides."""
        return tuple(name for name in self.before if self.before[name] is not None and self.after[name] is not None)

    @property
    def probability(self) -> float | None:
        """Share of resamples in which the judge after is better; `None` when there are none."""
        return float(np.mean(self.draws > 0)) if len(self.draws) else None


def paired_draws(
    before: Scores,
    after: Scores,
    metric: str,
    criteria: Sequence[str] | None = None,
    *,
    seed: int = 0,
    resamples: int = 1000,
) -> PairedComparison:
    """Compare two judges on `metric`, pooled over the rows that both scored, resampling documents (rows without them).

    A judge that gives every row one score ranks nothing, so it has no value here even where a metric would give it
    one: always 0 has a good MAE wherever 0 is common. A criterion that is undefined in a resample is left out of that
    draw's mean, a draw without any is dropped. Raises `ValueError` for judges of different rows, `KeyError` for an
    unknown metric.
    """
    chosen = METRICS[metric]
    names = before.names if criteria is None else tuple(criteria)
    before, after = both_scored(before.columns(names), after.columns(names))
    values = _values(before, chosen), _values(after, chosen)
    kept = PairedComparison(metric, *values, None, np.empty(0)).comparable
    if not kept:
        return PairedComparison(metric, *values, None, np.empty(0))
    change = pooled_difference(before.columns(kept), after.columns(kept), [chosen], seed)
    mean = chosen.orientation * float(np.mean(change.point[0, :-1]))
    return PairedComparison(metric, *values, mean, chosen.orientation * _draws(change, seed, resamples))


def _values(scores: Scores, metric: Metric) -> dict[str, float | None]:
    point = pooled(scores, [metric]).point[0]
    return {
        name: float(point[column]) if varies(scores, column) and not np.isnan(point[column]) else None
        for column, name in enumerate(scores.names)
    }


def _draws(change: Estimate, seed: int, resamples: int) -> Values:
    """Resampled means over the criteria that have a value in the resample."""
    values = np.concatenate([change(weights)[:, 0, :-1] for weights in resampled_weights(change, seed, resamples)])
    some = ~np.isnan(values).all(axis=1)
    means: Values = np.nanmean(values[some], axis=1)
    return means
