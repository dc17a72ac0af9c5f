"""Which ratings are worth a further opinion: those on which the raters are divided, first where the judge is off too.

A judge that differs from raters who agree is wrong; where they are divided their mean is what may be wrong.
"""

from dataclasses import dataclass

import numpy as np

from metrics.scores import Scores, Values


@dataclass(frozen=True)
class Divided:
    """One rating whose raters differ. `row` is the position in the scores, `given` are the raters' scores.

    `disagreement` is the mean difference of two of its raters and `distance` that of the judge from their mean, both
    as shares of the scale (0..1). The judge and its distance are None where it was unscored.
    """

    row: int
    criterion: str
    given: tuple[float, ...]
    human: float
    judge: float | None
    disagreement: float
    distance: float | None

    @property
    def priority(self) -> float:
        """The disagreement, up to doubled by the judge's distance: a row on which all agree never comes first."""
        return self.disagreement * (1 + (self.distance or 0.0))


def divided(scores: Scores) -> list[Divided]:
    """The ratings whose raters do not all say the same, by falling priority; of equal ones in the rows' order.

    Empty where raters are not known. Rows with the scores of one rater say nothing of disagreement and are left out.
    """
    if scores.raters is None:
        return []
    apart = mean_difference(scores.raters)
    found = [
        _divided(scores, int(row), int(place), float(apart[row, place])) for row, place in np.argwhere(apart > 1e-9)
    ]
    return sorted(found, key=lambda each: -each.priority)


def mean_difference(raters: Values) -> Values:
    """(n, K): the mean absolute difference over the pairs of scores in the last axis, NaN under two scores."""
    ordered = np.sort(raters, axis=-1)  # NaN last
    given = np.count_nonzero(~np.isnan(ordered), axis=-1)
    factors = 2 * np.arange(raters.shape[-1]) - given[..., None] + 1  # of the sorted scores, in the sum over all pairs
    total = np.nansum(ordered * factors, axis=-1)
    pairs = given * (given - 1) / 2
    return np.divide(total, pairs, out=np.full(given.shape, np.nan), where=pairs > 0)


def _divided(scores: Scores, row: int, place: int, apart: float) -> Divided:
    assert scores.raters is not None
    criterion, given = scores.criteria[place], scores.raters[row, place]
    human, judge = float(scores.human[row, place]), float(scores.judge[row, place])
    width, unscored = criterion.high - criterion.low, bool(np.isnan(judge))
    return Divided(
        row,
        criterion.name,
        tuple(given[~np.isnan(given)].tolist()),
        human,
        None if unscored else judge,
        apart / width,
        None if unscored else abs(judge - human) / width,
    )
