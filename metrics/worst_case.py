"""How far rows that were not scored could move a difference: bounds over what they might have got.

Leaving unscored rows out assumes that they are like the others. These bounds assume nothing.
"""

import numpy as np
from numpy.typing import NDArray

from metrics.metric import METRICS, Metric
from metrics.scores import Codes, Scores, Values, require_same_rows
from metrics.tables import Cells, tabulate
from signatures.records import Criterion

Bounds = dict[str, float | None]

MOST_GROUPS = 32
"""Unscored rows are moved in at most this many groups of similar human ratings (one row each, up to this many)."""

MOST_SWEEPS = 10


def worst_case(before: Scores, after: Scores) -> dict[str, dict[str, Bounds]]:
    """Metric -> criterion -> `low` and `high` of the pooled difference after minus before, over all rows.

    Rows that a side left unscored get any scores on the scale, each side on its own. For mae, off_by_one and accuracy
    the bounds are exact: each row takes its own extreme. For spearman, kendall, qwk and krippendorff they are
    constructive: the most agreeing and most contrary fillings found by coordinate search from several starts, so they
    are attained, but a filling beyond them is not excluded by proof. None where no filling has a value. With
    everything scored, both equal the difference.
    """
    require_same_rows(before, after)
    return {
        metric.name: {
            criterion.name: _difference_bounds(metric, criterion, column, before, after)
            for column, criterion in enumerate(before.criteria)
        }
        for metric in METRICS.values()
    }


def _difference_bounds(metric: Metric, criterion: Criterion, column: int, before: Scores, after: Scores) -> Bounds:
    human = before.human[:, column]
    least_before, most_before = filling_bounds(metric, criterion, before.judge[:, column], human)
    least_after, most_after = filling_bounds(metric, criterion, after.judge[:, column], human)
    low, high = least_after - most_before, most_after - least_before
    return {"low": None if np.isnan(low) else float(low), "high": None if np.isnan(high) else float(high)}


def filling_bounds(metric: Metric, criterion: Criterion, judge: Values, human: Values) -> tuple[float, float]:
    """The least and the greatest value that the metric can take when scores for the NaN in `judge` are chosen."""
    unscored = np.isnan(judge)
    if not unscored.any():
        value = metric(judge, human)
        return (np.nan, np.nan) if value is None else (value, value)
    levels = np.array(criterion.levels, dtype=np.float64)
    if metric.kind == "coefficient":
        return _searched(metric, judge, human, levels)
    return _row_by_row(metric, judge, human, levels)


def _row_by_row(metric: Metric, judge: Values, human: Values, levels: Values) -> tuple[float, float]:
    unscored = np.isnan(judge)
    known = 0.0 if unscored.all() else (metric(judge, human) or 0.0) * np.count_nonzero(~unscored)
    ratings, repeats = np.unique(human[unscored], return_counts=True)
    choices = np.broadcast_to(levels, (len(ratings), len(levels)))
    if np.any(judge[~unscored] % 1):  # a judge that gives fractions might have met a fractional rating exactly
        choices = np.concatenate([choices, np.clip(ratings, levels[0], levels[-1])[:, None]], axis=1)
    each = _of_single_rows(metric, choices, ratings)
    least, greatest = (np.sum(repeats * extreme) for extreme in (each.min(axis=1), each.max(axis=1)))
    return (known + least) / len(judge), (known + greatest) / len(judge)


def _of_single_rows(metric: Metric, choices: Values, ratings: Values) -> Values:
    """The metric of one row each, (ratings, choices): a share or distance over a set is their mean."""
    cells, place = tabulate(choices.ravel(), np.repeat(ratings, choices.shape[1]))
    return metric.batch(cells, np.eye(len(cells.judge_codes)))[place].reshape(choices.shape)


def _searched(metric: Metric, judge: Values, human: Values, levels: Values) -> tuple[float, float]:
    cells, scored, moves = _fillings(judge, human, levels)
    starts = _starts(moves.shape[0], len(levels))
    extremes = []
    for sign in (-1.0, 1.0):
        found = sign * _climb(metric, sign, cells, scored, moves, starts)
        extremes.append(sign * np.nanmax(found) if not np.isnan(found).all() else np.nan)
    return extremes[0], extremes[1]


def _fillings(judge: Values, human: Values, levels: Values) -> tuple[Cells, Values, Values]:
    """The cells that any filling may use, the scored rows' counts (C,), and what each group adds at each level.

    The last is (groups, levels, C); groups are rows of neighbouring human ratings, in rising order.
    """
    unscored = np.isnan(judge)
    rows = np.sort(human[unscored])
    ratings, level_grid = np.repeat(np.unique(rows), len(levels)), np.tile(levels, len(np.unique(rows)))
    cells, place = tabulate(np.concatenate([judge[~unscored], level_grid]), np.concatenate([human[~unscored], ratings]))
    scored = np.bincount(place[: np.count_nonzero(~unscored)], minlength=len(cells.judge_codes)).astype(np.float64)
    cell_of = place[np.count_nonzero(~unscored) :].reshape(-1, len(levels))
    groups = np.array_split(np.searchsorted(np.unique(rows), rows), min(MOST_GROUPS, len(rows)))
    moves = np.zeros((len(groups), len(levels), len(scored)))
    for group, members in enumerate(groups):
        for level in range(len(levels)):
            np.add.at(moves[group, level], cell_of[members, level], 1.0)
    return cells, scored, moves


def _starts(groups: int, levels: int) -> Codes:
    """(starts, groups): rising and falling with the human rating, gradually and in one step, and constant."""
    rising = np.arange(groups) * levels // groups
    step = np.where(np.arange(groups) * 2 < groups, 0, levels - 1)
    flat = np.zeros(groups, dtype=np.intp)
    return np.stack([rising, levels - 1 - rising, step, levels - 1 - step, flat, flat + levels - 1])


def _climb(metric: Metric, sign: float, cells: Cells, scored: Values, moves: Values, starts: Codes) -> Values:
    """(starts,) the metric after each start's groups moved, one at a time, wherever `sign` times it rises most."""
    chosen, groups = starts.copy(), range(moves.shape[0])
    counts = scored + np.stack([moves[groups, start].sum(axis=0) for start in chosen])
    for _ in range(MOST_SWEEPS):
        earlier = chosen.copy()
        for group in groups:
            rest = counts - moves[group, chosen[:, group]]
            candidates = (rest[:, None] + moves[group][None]).reshape(-1, len(scored))
            values = sign * metric.batch(cells, candidates).reshape(len(chosen), -1)
            chosen[:, group] = _best(values, chosen[:, group])
            counts = rest + moves[group, chosen[:, group]]
        if np.array_equal(earlier, chosen):
            break
    return metric.batch(cells, counts)


def _best(values: Values, current: Codes) -> NDArray[np.intp]:
    """The best level of each start; the current one where it is as good, so that the search ends."""
    values = np.where(np.isnan(values), -np.inf, values)
    best, rows = np.argmax(values, axis=1), np.arange(len(values))
    return np.where(values[rows, best] > values[rows, current] + 1e-12, best, current)
