"""The rows that interference is measured on: those that no run which offers rubrics has trained or validated on."""

from collections.abc import Sequence

import dspy
import numpy as np

from programs.errors import UserError
from programs.tasks.splits import Splits, contiguous, unit


def untouched_rows(rows: Sequence[dspy.Example], runs: Sequence[Splits], by: str, seed: int = 0) -> list[dspy.Example]:
    """All untouched rows, the runs' own test rows first (their answers are partly paid for), the rest in random order.

    By "document" a document that any run has trained or validated on is left out whole. Rows that a fixed split gives
    to training or validation are left out too. Raises UserError where nothing is left.
    """
    used = {unit(row, by) for splits in runs for row in splits.seen}
    tested = [row for splits in runs for row in splits.test]
    others = sorted((row for row in rows if row.get("split") in (None, "test")), key=lambda row: row["row_id"])
    order = np.random.default_rng(seed).permutation(len(others))
    found = {row["row_id"]: row for row in (*tested, *(others[place] for place in order)) if unit(row, by) not in used}
    if not found:
        raise UserError(
            "every row was trained or validated on by some run of the study, so nothing is left to test on: give the "
            "study more rows, smaller --train-size and --val-size, or fewer seeds"
        )
    return list(found.values())


def first_rows(rows: Sequence[dspy.Example], count: int) -> list[dspy.Example]:
    """The first of them, those of one document together, as prefix caches like it."""
    return contiguous(rows[:count])
