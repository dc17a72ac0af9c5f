"""The sealed half of a task's test rows: `confirm.py` opens it once, and nothing is chosen by it.

Which rows are in it is settled by a hash of their document's id (or of their own) under a fixed salt: neither a seed
nor a size moves it, so that nobody can draw it again until it pleases.
"""

import hashlib
from collections.abc import Sequence

import dspy

from programs.errors import UserError
from programs.tasks.splits import unit
from programs.tasks.task import Task

SALT = "judgegrad sealed rows 1"
"""Never to be changed: another salt would be another draw."""


def half_of(rows: Sequence[dspy.Example], task: Task, half: str) -> list[dspy.Example]:
    """The rows of a half: `development` leaves the sealed ones out, `confirmation` has them alone, `all` has both.

    The confirmation half is in the order of its hashes, documents together, so that its first rows are a draw too.
    Raises UserError where it is asked for and the task seals nothing.
    """
    if half == "all" or (half == "development" and not task.sealed):
        return list(rows)
    if half == "development":
        return [row for row in rows if not is_sealed(row, task)]
    if not task.sealed:
        raise UserError(f"--half confirmation: task '{task.name}' seals no rows (no [sealed] table in its file)")
    return sorted((row for row in rows if is_sealed(row, task)), key=_place)


def sealed_words(rows: Sequence[dspy.Example], task: Task, half: str) -> str:
    """What people are told where rows are sealed: that they were left out, or that they are looked at."""
    count = sum(is_sealed(row, task) for row in rows) if task.sealed else 0
    if count and half == "development":
        return f"{count} of {len(rows)} rows are sealed for confirm.py, and left out (--half all takes them in)"
    if count:
        return f"warning: {count} rows are sealed: what is chosen by looking at them cannot be confirmed on them"
    return ""


def is_sealed(row: dspy.Example, task: Task) -> bool:
    """Whether a row is of the confirmation half: of the test rows, where the task's data say which those are."""
    return (not task.split or row.get("split") == "test") and _place(row)[0] < task.sealed


def _place(row: dspy.Example) -> tuple[float, str]:
    """A number from 0 to 1 that only the document's name, or the row's, decides; rows of one have the same."""
    name = unit(row, "document")
    return int(hashlib.sha256(f"{SALT}|{name}".encode()).hexdigest()[:12], 16) / 16**12, str(row["row_id"])
