"""How far judges are apart on each row, whatever the raters say: where to look when two judges differ."""

from collections.abc import Sequence

import numpy as np

from metrics.scores import Scores, Values


def spread(judges: Sequence[Scores]) -> Values:
    """(n,): the mean over criteria of the range of the judges' scores, in shares of each scale.

    A criterion that fewer than two judges scored on the row does not count; NaN where none counts.
    """
    scores = np.stack([each.judge for each in judges])
    widths = np.array([each.high - each.low for each in judges[0].criteria], dtype=np.float64)
    counts = (~np.isnan(scores)).sum(axis=0) > 1
    ranges = (np.fmax.reduce(scores) - np.fmin.reduce(scores)) / widths  # these two leave NaN out
    counted, sums = counts.sum(axis=1), np.where(counts, ranges, 0.0).sum(axis=1)
    return np.divide(sums, counted, out=np.full(len(sums), np.nan), where=counted > 0)


def widest(judges: Sequence[Scores], most: int) -> list[tuple[int, float]]:
    """Row and spread of the rows that differ at all, the widest first; ties stay in the rows' order."""
    apart = spread(judges)
    order = np.argsort(-np.nan_to_num(apart), kind="stable")[:most]
    return [(int(row), float(apart[row])) for row in order if apart[row] > 0]
