"""Which column of a table each field of a task stands in."""

from collections.abc import Iterable, Sequence

from programs.errors import UserError, suggest
from programs.tasks.expansion import PlacedRow
from programs.tasks.task import Task

_SHOWN = 20


def find_columns(
    task: Task, needed: Iterable[str], optional: Sequence[str], rows: Sequence[PlacedRow], where: str
) -> dict[str, str]:
    """Field -> column: of each field's choices, the first that the table has.

    Fields are the inputs and criteria `needed`, and `document`, `system`, `row` and `split` where the task has them;
    those that are `optional` and absent are left out. Raises UserError that names what is missing and what is there.
    """
    present = list(dict.fromkeys(column for row in rows for column in row.values))
    own = {"document": task.document, "system": task.system, "row": task.row, "split": task.split}
    choices = {name: task.choices(name) for name in needed} | {name: each for name, each in own.items() if each}
    found = {name: column for name in choices for column in _first(choices[name], present)}
    missing = [choices[name] for name in choices if name not in found and name not in optional]
    if missing:
        raise UserError(_complaint(missing, present, where))
    return found


def _first(choices: Sequence[str], present: Sequence[str]) -> Sequence[str]:
    return [column for column in choices if column in present][:1]


def _complaint(missing: Sequence[Sequence[str]], present: Sequence[str], where: str) -> str:
    wanted = ", ".join(" or ".join(map(repr, choices)) for choices in missing)
    there = ", ".join(map(repr, present[:_SHOWN])) + (", ..." if len(present) > _SHOWN else "")
    near = suggest(missing[0][0], present)
    return f"{where}: no column {wanted}{near}; it has {there}; rename the column, or map it with name=column"
