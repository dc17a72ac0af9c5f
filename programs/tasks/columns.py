"""Which column of a table each field of a task stands in."""

from collections.abc import Iterable, Sequence

from programs.errors import UserError, suggest
from programs.tasks.expansion import PlacedRow
from programs.tasks.task import Task

_SHOWN = 20


def find_columns(
    task: Task,
    needed: Iterable[str],
    optional: Sequence[str],
    rows: Sequence[PlacedRow],
    where: str,
    plain: Iterable[str] = (),
) -> dict[str, str]:
    """Field -> column: of each field's choices, the first that the table has.

    Fields are the inputs and criteria `needed`, and `document`, `system`, `row` and `split` where the task has them;
    those that are `optional` and absent are left out. Columns of the name in `plain` must be there too. Raises
    UserError that names the missing columns and those present.
    """
    return places_of(task, needed, optional, present_columns(rows), where, plain)


def places_of(
    task: Task,
    needed: Iterable[str],
    optional: Sequence[str],
    present: Sequence[str],
    where: str,
    plain: Iterable[str] = (),
) -> dict[str, str]:
    """`find_columns` of a table with the columns `present`."""
    own = {"document": task.document, "system": task.system, "row": task.row, "split": task.split}
    choices = {name: task.choices(name) for name in needed} | {name: each for name, each in own.items() if each}
    found = {name: column for name in choices if (column := first_present(choices[name], present))}
    missing = [choices[name] for name in choices if name not in found and name not in optional]
    missing += [(column,) for column in plain if column not in present]
    if missing:
        raise UserError(missing_columns(missing, present, where))
    return found


def present_columns(rows: Sequence[PlacedRow]) -> list[str]:
    """Every column that some row has, in the order in which they appear."""
    return list(dict.fromkeys(column for row in rows for column in row.values))


def first_present(choices: Sequence[str], present: Sequence[str]) -> str:
    """The first of the choices that is present; empty where none is."""
    return next((column for column in choices if column in present), "")


def missing_columns(missing: Sequence[Sequence[str]], present: Sequence[str], where: str) -> str:
    """The complaint that names what is missing, each with its choices, and what is there."""
    wanted = ", ".join(" or ".join(map(repr, choices)) for choices in missing)
    there = ", ".join(map(repr, present[:_SHOWN])) + (", ..." if len(present) > _SHOWN else "")
    near = suggest(missing[0][0], present)
    return f"{where}: no column {wanted}{near}; it has {there}; rename the column, or map it with name=column"
