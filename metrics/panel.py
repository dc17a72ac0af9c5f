"""The scores of single raters as one array: a place a rater, or places without names where there are many raters."""

from collections.abc import Mapping, Sequence

import numpy as np

from metrics.scores import Values

RaterScores = Mapping[str, Mapping[str, float | None]]
"""Criterion -> rater -> score; None, or no entry, where the rater gave none."""

MOST_RATERS = 20
"""With more raters on a criterion a place is no person: each row's scores fill the first places in random order.

A crowd of hundreds, each of whom rates a few rows, would else need an array of hundreds of places, nearly all empty.
"""


def rater_array(rows: Sequence[RaterScores], criteria: Sequence[str]) -> Values | None:
    """(n, K, R) scores by row, criterion and place, NaN where there is none; None where no row has a rater.

    A criterion's places are its raters: in the order of the rows' own where all rows name the same ones (columns), else
    sorted. R is that of the criterion with most.
    """
    columns = [_places([row.get(name, {}) for row in rows]) for name in criteria]
    most = max((column.shape[1] for column in columns), default=0)
    if not most:
        return None
    found = np.full((len(rows), len(criteria), most), np.nan)
    for place, column in enumerate(columns):
        found[:, place, : column.shape[1]] = column
    return found


def _places(rows: Sequence[Mapping[str, float | None]]) -> Values:
    """(n, R) of one criterion."""
    names = _raters(rows)
    if len(names) > MOST_RATERS:
        return _packed(rows)
    return np.array([[_number(row.get(name)) for name in names] for row in rows]).reshape(len(rows), len(names))


def _raters(rows: Sequence[Mapping[str, float | None]]) -> list[str]:
    known = dict.fromkeys(name for row in rows for name in row)
    return list(known) if all(len(row) == len(known) for row in rows) else sorted(known)


def _packed(rows: Sequence[Mapping[str, float | None]]) -> Values:
    random = np.random.default_rng(0)
    given = [[score for score in row.values() if score is not None] for row in rows]
    found = np.full((len(rows), max(map(len, given))), np.nan)
    for row, scores in enumerate(given):
        found[row, : len(scores)] = random.permutation(scores)
    return found


def _number(score: float | None) -> float:
    return np.nan if score is None else float(score)
