"""Which rows become anchors: spread over the raters' scale where rows are rated, else at random."""

from collections.abc import Sequence
from dataclasses import replace

import dspy
import numpy as np

from programs.errors import UserError
from programs.tasks.columns import present_columns
from programs.tasks.loading import load_rows
from programs.tasks.sealed import half_of
from programs.tasks.source import placed_rows
from programs.tasks.splits import contiguous
from programs.tasks.task import Task
from programs.tasks.texts import open_texts
from signatures.records import Criterion


def anchor_rows(
    task: Task, data: str | None, count: int, seed: int, *, asked: bool, half: str = "all"
) -> tuple[list[dspy.Example], bool]:
    """`count` rows of the data, those of one document together, and whether they are rated.

    Data with none of the criteria's columns are texts without ratings. Fewer rows than `count` are taken all, unless
    the number was `asked` for: then they raise UserError.
    """
    task, rated = replace(task, optional=(*task.optional, "system")), _rated(task, data)
    rows = half_of(load_rows(task, data), task, half) if rated else [row for _, row in open_texts(task, data).rows()]
    if len(rows) < count and asked:
        raise UserError(f"--rows {count}: the data hold {len(rows)} rows; lower it, or give more")
    if len(rows) < 2:
        raise UserError(f"--data: {len(rows)} row is too few for a check; give some dozens")
    chosen = drawn(rows, task.criteria if rated else (), min(count, len(rows)), seed)
    return contiguous(rows[place] for place in chosen), rated


def drawn(rows: Sequence[dspy.Example], criteria: Sequence[Criterion], count: int, seed: int) -> list[int]:
    """Places of `count` rows: every so-many-th in the order of their mean rating (a systematic sample: each part of
    the scale in its share), ties and rows without `criteria` in random order."""
    generator = np.random.default_rng([seed, 4])
    means = [sum((row[each.name] - each.low) / (each.high - each.low) for each in criteria) for row in rows]
    order = np.lexsort((generator.random(len(rows)), np.round(means, 9)))
    places = np.floor((np.arange(count) + generator.random()) * len(rows) / count).astype(int)
    return sorted(order[places].tolist())


def _rated(task: Task, data: str | None) -> bool:
    """Whether any of the criteria has its column: a table with some of them is to be read as rated, and strictly."""
    if task.ratings is not None:
        return True
    present = present_columns(placed_rows(task, data)[1])
    columns = [column for name in task.criterion_names for column in (*task.choices(name), *task.raters.get(name, ()))]
    return not set(columns).isdisjoint(present)
