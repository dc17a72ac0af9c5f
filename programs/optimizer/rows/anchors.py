"""`--anchors N`: few rated training rows that the judge is shown as solved examples, the same to all its heads.

They stand between the instructions and the text to judge, as turns of user and assistant, so a prefix cache keeps them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dspy
import numpy as np

from programs.optimizer.judge import Anchor
from programs.optimizer.rows.strata import Cell, cells_of
from programs.settings import Settings
from programs.tasks.splits import Splits
from programs.tasks.task import Task
from signatures.records import Criterion, nearest_level


def anchor_rows(
    rows: Sequence[dspy.Example], criteria: Sequence[Criterion], count: int, seed: int
) -> list[dspy.Example]:
    """`count` rows that together show most cells (criterion, level), chosen one by one (greedy maximum cover).

    Next is the row with the most cells that none shows yet; then the one whose cells are shown least, then the one
    whose ratings are nearest to whole levels, as which they are shown; what is still equal is ordered by the seed.
    """
    left = [rows[place] for place in np.random.default_rng([seed, 2]).permutation(len(rows))]
    shown: Counter[Cell] = Counter()
    chosen: list[dspy.Example] = []

    def worth(row: dspy.Example) -> tuple[float, ...]:
        times = [shown[cell] for cell in cells_of(criteria, row)]
        rounded = sum(abs(row[each.name] - nearest_level(row[each.name])) for each in criteria)
        return times.count(0), -sum(times), -rounded

    while left and len(chosen) < count:
        best = max(left, key=worth)
        left = [row for row in left if row is not best]
        chosen.append(best)
        shown.update(cells_of(criteria, best))
    return chosen


def set_apart(splits: Splits, task: Task, settings: Settings) -> Splits:
    """The splits with the anchors taken from the training rows."""
    if not settings.anchors:
        return splits
    chosen = anchor_rows(splits.train, task.criteria, settings.anchors, settings.seed)
    taken = {id(row) for row in chosen}
    return replace(splits, train=[row for row in splits.train if id(row) not in taken], anchors=chosen)


def anchors_of(task: Task, rows: Sequence[dspy.Example]) -> list[Anchor]:
    """The rows as a judge keeps them: id, texts, and every criterion's rating as the nearest level."""
    return [
        {
            "row_id": row["row_id"],
            **{name: row[name] for name in task.input_names},
            **{name: nearest_level(row[name]) for name in task.criterion_names},
        }
        for row in rows
    ]


def rows_summary(task: Task, splits: Splits) -> dict[str, Any]:
    """What summary.json says of the rows: how many each part has; the anchors' ids, and how many of the cells that all
    training rows have they show."""
    rows = {part: len(getattr(splits, part)) for part in ("train", "validation", "test")}
    if not splits.anchors:
        return {"rows": rows}
    shown, known = (
        {cell for row in part for cell in cells_of(task.criteria, row)}
        for part in (splits.anchors, [*splits.anchors, *splits.train])
    )
    anchors = {"rows": [row["row_id"] for row in splits.anchors], "cells": len(shown), "of": len(known)}
    return {"rows": rows, "anchors": anchors}
