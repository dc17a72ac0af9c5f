"""Which names and scales a task may use: checked once, before DSPy meets them."""

import keyword
import re
from collections.abc import Mapping, Sequence

import dspy

from programs.errors import UserError

OWN_FIELDS = ("row_id", "document_id", "system_id", "split", "rater_scores")
"""Fields that every example carries beside its inputs and ratings."""

_CLASHES = frozenset({"base", "completed", "completions", "config", "demos", "lm", "new_signature", "self"})
# Keyword arguments of dspy.Example and dspy.Predict, and ChatAdapter's end marker: as inputs these crash or are
# silently dropped (run on 3.4.1), although dspy.Signature itself takes them.

MOST_LEVELS = 21
"""A scale with more levels would need as many options in each prompt and schema."""


def check_task_name(name: str, where: str) -> None:
    """Refuse a task's name that could not be part of a file's name."""
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name, re.ASCII):
        raise UserError(f"{where}: the task's name {name!r} must be of letters, digits, _ and -")


def check_name(name: str, where: str) -> None:
    """Refuse a name of an input or criterion that cannot be a field of DSPy's signatures and examples.

    Raises UserError, beginning with `where` (the file or flag).
    """
    if not name.isidentifier() or name.startswith("_"):
        raise UserError(f"{where}: {name!r} cannot be a name: letters, digits and _ only, a letter first")
    if keyword.iskeyword(name):
        raise UserError(f"{where}: {name!r} is a word of Python and cannot be a name: write {name}_ or another word")
    if name in OWN_FIELDS:
        raise UserError(f"{where}: the name {name!r} is reserved for judgegrad's own field: choose another name")
    if name in _CLASHES or name.startswith(("dspy_", "model_validate", "model_dump")) or hasattr(dspy.Signature, name):
        raise UserError(f"{where}: the name {name!r} means something else to DSPy: choose another, such as {name}_text")


def check_names(names: list[str], where: str) -> None:
    """Refuse unusable names, and names that two inputs or criteria share (an example holds both)."""
    for position, name in enumerate(names):
        check_name(name, where)
        if name in names[:position]:
            raise UserError(f"{where}: the name {name!r} is used twice among inputs and criteria: rename one of them")


def check_raters(raters: Mapping[str, Sequence[str]], where: str) -> None:
    """Refuse a single rater, and a column that is named twice: raters of two criteria are two columns."""
    criteria: dict[str, str] = {}
    for name, columns in raters.items():
        if len(columns) < 2:
            raise UserError(f"{where}: {name!r} has the rater {columns[0]!r} only; name two, or make it the column")
        for column in columns:
            if column in criteria:
                other = "" if criteria[column] == name else f" and of {criteria[column]!r}"
                raise UserError(f"{where}: the rater column {column!r} of {name!r}{other} is named twice; drop one")
            criteria[column] = name


def check_scale(name: str, low: int, high: int, where: str) -> None:
    """Refuse a scale that is reversed, has one level only, or more than 21."""
    if low >= high:
        raise UserError(f"{where}: the scale of {name!r} is {low} to {high}: give the lower level first, like 1-5")
    if high - low >= MOST_LEVELS:
        raise UserError(
            f"{where}: the scale of {name!r} has {high - low + 1} levels, more than {MOST_LEVELS}: rescale the ratings"
        )
