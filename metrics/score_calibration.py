"""A judge's raw scores brought to the raters' scale: a monotone map a criterion, fitted on rated rows.

`isotonic` is centred isotonic regression (Oron and Flournoy, Statistics in Biopharmaceutical Research 9, 2017): the
blocks of scikit-learn's `IsotonicRegression` are joined between their centres instead of standing as steps, whose flat
parts would tie what the judge tells apart. Beyond the first and the last centre, where it would be flat, it falls and
rises by `END`: so the order of the scores stays the judge's own, and no judge loses it.
`cutpoints` gives whole levels: the monotone steps with the least mean absolute error on the rows of the fit.
"""

import numpy as np

from metrics.score_maps import DECIMALS, Calibration, Curve, Cuts, Map
from metrics.scores import Scores, Values
from signatures.records import Criterion

FEWEST = 10
"""Scored rows that a criterion needs to be calibrated."""

END = 0.01
"""By how much a curve falls below its first block and rises above its last. It takes that much of the scale for it."""

TOO_FEW = f"fewer than {FEWEST} scored training rows"
ONE_SCORE = "the judge gave all training rows one score"
ONE_LEVEL = "its cut points would give all training rows one level"


def fit(method: str, scores: Scores) -> Calibration:
    """The calibration of the raw `scores` to the human ratings beside them; unscored rows count for nothing.

    Left as they are: criteria with fewer than `FEWEST` scored rows or a single raw score, and with cut points those
    that would come to a single level, since they would lose the order that they had.
    """
    maps: dict[str, Map] = {}
    left: dict[str, str] = {}
    for column, criterion in enumerate(scores.criteria):
        known = scores.scored[:, column]
        found = FITS[method](scores.judge[known, column], scores.human[known, column], criterion)
        if isinstance(found, str):
            left[criterion.name] = found
        else:
            maps[criterion.name] = found
    return Calibration(method, maps, left)


def isotonic(raw: Values, human: Values, criterion: Criterion) -> Curve | str:
    """The curve through the blocks' centres, nearly level beyond the first and the last; or why there is none.

    Where ratings do not rise with the score at all it stays within `END` of their mean.
    """
    if reason := _unfit(raw):
        return reason
    levels, low, high = _fitted(raw, human), criterion.low, criterion.high
    blocks = np.unique(levels)
    centres = [float(raw[levels == each].mean().round(DECIMALS)) for each in blocks]
    below, above = (END if centre != end else 0.0 for centre, end in ((centres[0], low), (centres[-1], high)))
    room = (high - low - below - above) / (high - low)
    found = [low + below + (float(each) - low) * room for each in blocks]
    points = {float(low): found[0] - below, float(high): found[-1] + above, **dict(zip(centres, found, strict=True))}
    return Curve(tuple(sorted(points)), tuple(round(points[each], DECIMALS) for each in sorted(points)))


def cutpoints(raw: Values, human: Values, criterion: Criterion) -> Cuts | str:
    """The cuts whose levels are nearest to the ratings in mean absolute error; or why there are none.

    The error of a level above another is a sum over the cuts between them, so each cut may be found alone: the score
    from which the isotonic regression of clip(rating - level, 0, 1) is at least a half. They rise with the level, since
    these regressions are ordered. A cut lies in the middle between the scores that it divides.
    """
    if reason := _unfit(raw):
        return reason
    seen = np.unique(raw)
    cuts = tuple(_cut(raw, np.clip(human - level, 0, 1), seen, criterion) for level in criterion.levels[:-1])
    found = Cuts(criterion.low, cuts)
    return found if len({found(score) for score in seen.tolist()}) > 1 else ONE_LEVEL


FITS = {"isotonic": isotonic, "cutpoints": cutpoints}


def _unfit(raw: Values) -> str | None:
    if len(raw) < FEWEST:
        return TOO_FEW
    return ONE_SCORE if len(np.unique(raw)) == 1 else None


def _cut(raw: Values, above: Values, seen: Values, criterion: Criterion) -> float:
    levels = dict(zip(raw.tolist(), _fitted(raw, above).tolist(), strict=True))
    first = next((place for place, score in enumerate(seen.tolist()) if levels[score] >= 0.5), len(seen))
    if first == 0:
        return float(criterion.low)
    return float(criterion.high + 1) if first == len(seen) else round(float(seen[first - 1 : first + 1].mean()), 7)


def _fitted(raw: Values, target: Values) -> Values:
    """(n,) the isotonic regression of the target at each raw score, equal within a block."""
    from sklearn.isotonic import IsotonicRegression  # seconds to import, so only where something is fitted

    found: Values = IsotonicRegression().fit(raw, target).predict(raw)
    return found.round(DECIMALS)
