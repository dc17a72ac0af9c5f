"""How far rows that were not scored could move a difference: bounds over what they might have got.

Leaving unscored rows out assumes that they are like the others. These bounds assume nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.metric import METRICS, Metric
from metrics.scores import Codes, Scores, Values, require_same_rows
from metrics.tables import Cells, tabulate
from signatures.records import Criterion

Bounds = dict[str, float | None]

MOST_GROUPS, FEWEST_GROUPS, GROUPED_CELLS = 32, 8, 16_000
"""Unscored rows are moved in up to 32 groups of similar human ratings: one row each, up to that many rows.

With more than 500 cells (a judge with many real scores) there are fewer groups, so that the search stays in seconds.
"""

MOST_SWEEPS = 10


def worst_case(before: Scores, after: Scores) -> dict[str, dict[str, Bounds]]:
    """Metric -> criterion -> `low` and `high` of the pooled difference after minus before, over all rows.

    Rows that a side left unscored get any scores on the scale, each side on its own. For mae, off_by_one and accuracy
    the bounds are exact: each row takes its own extreme. For the others they are constructive: the most agreeing and
    most contrary fillings found by coordinate search from several starts, so they are attained, but a filling beyond
    them is not excluded by proof. None where no filling has a value. With everything scored, both equal the
    difference.
    """
    require_same_rows(before, after)
    sides = [(_side_of(before, column), _side_of(after, column)) for column in range(len(before.criteria))]
    return {
        metric.name: {
            criterion.name: _difference_bounds(metric, criterion, *side)
            for criterion, side in zip(before.criteria, sides, strict=True)
        }
        for metric in METRICS.values()
    }


@dataclass(frozen=True, eq=False)
class _Side:
    """One judge on one criterion: the table of its scored rows, and the human ratings of the others with repeats."""

    cells: Cells
    counts: Values
    ratings: Values
    repeats: Codes


def _side_of(scores: Scores, column: int) -> _Side:
    return _side(scores.judge[:, column], scores.human[:, column])


def _side(judge: Values, human: Values) -> _Side:
    unscored = np.isnan(judge)
    cells, place = tabulate(judge[~unscored], human[~unscored])
    counts = np.bincount(place, minlength=len(cells.judge_codes)).astype(np.float64)
    return _Side(cells, counts, *np.unique(human[unscored], return_counts=True))


def filling_bounds(metric: Metric, criterion: Criterion, judge: Values, human: Values) -> tuple[float, float]:
    """The least and the greatest value that the metric can take when scores for the NaN in `judge` are chosen.

    Exact or constructive as in `worst_case`; NaN where no filling has a value.
    """
    return _filling_bounds(metric, criterion, _side(judge, human))


def _difference_bounds(metric: Metric, criterion: Criterion, before: _Side, after: _Side) -> Bounds:
    least_before, most_before = _filling_bounds(metric, criterion, before)
    least_after, most_after = _filling_bounds(metric, criterion, after)
    low, high = least_after - most_before, most_after - least_before
    return {"low": None if np.isnan(low) else float(low), "high": None if np.isnan(high) else float(high)}


def _filling_bounds(metric: Metric, criterion: Criterion, side: _Side) -> tuple[float, float]:
    if not len(side.ratings):
        value = float(metric.batch(side.cells, side.counts[None])[0])
        return value, value
    levels = np.array(criterion.levels, dtype=np.float64)
    return (_row_by_row if metric.mean_of_rows else _searched)(metric, side, levels)


def _row_by_row(metric: Metric, side: _Side, levels: Values) -> tuple[float, float]:
    scored, unscored = side.counts.sum(), side.repeats.sum()
    known = scored * float(metric.batch(side.cells, side.counts[None])[0]) if scored else 0.0
    choices = np.tile(levels, (len(side.ratings), 1))
    if np.any(side.cells.judge_values % 1):  # a judge that gives fractions might have met a fractional rating exactly
        choices = np.column_stack([choices, np.clip(side.ratings, levels[0], levels[-1])])
    each = _of_single_rows(metric, choices, side.ratings)
    least, greatest = (float(side.repeats @ extreme) for extreme in (each.min(axis=1), each.max(axis=1)))
    return (known + least) / (scored + unscored), (known + greatest) / (scored + unscored)


def _of_single_rows(metric: Metric, choices: Values, ratings: Values) -> Values:
    """The metric of one row each, (ratings, choices): a share or distance over a set is their mean."""
    cells, place = tabulate(choices.ravel(), np.repeat(ratings, choices.shape[1]))
    return metric.batch(cells, np.eye(len(cells.judge_codes)))[place].reshape(choices.shape)


def _searched(metric: Metric, side: _Side, levels: Values) -> tuple[float, float]:
    cells, scored, moves = _fillings(side, levels)
    starts = _starts(moves.shape[0], len(levels))
    found = [sign * _climb(metric, sign, cells, scored, moves, starts) for sign in (-1.0, 1.0)]
    if any(np.isnan(values).all() for values in found):
        return np.nan, np.nan
    return -float(np.nanmax(found[0])), float(np.nanmax(found[1]))


def _fillings(side: _Side, levels: Values) -> tuple[Cells, Values, Values]:
    """The cells that any filling may use, the scored rows' counts (C,), and what each group adds at each level.

    The last is (groups, levels, C); groups are rows of neighbouring human ratings, in rising order.
    """
    judge = np.concatenate([side.cells.judge, np.tile(levels, len(side.ratings))])
    human = np.concatenate([side.cells.human, np.repeat(side.ratings, len(levels))])
    cells, place = tabulate(judge, human)
    scored = np.zeros(len(cells.judge_codes))
    scored[place[: len(side.counts)]] = side.counts
    cell_of = place[len(side.counts) :].reshape(-1, len(levels))
    rows = np.repeat(np.arange(len(side.ratings)), side.repeats)
    most = max(FEWEST_GROUPS, min(MOST_GROUPS, GROUPED_CELLS // len(cells.judge_codes)))
    groups = np.array_split(rows, min(most, len(rows)))
    moves = np.zeros((len(groups), len(levels), len(scored)))
    for group, members in enumerate(groups):
        repeats = np.bincount(members, minlength=len(side.ratings)).astype(np.float64)
        for level in range(len(levels)):
            moves[group, level, cell_of[:, level]] = repeats
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
