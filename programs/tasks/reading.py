"""Reading rows cell by cell: what is wrong names its row and column, and all bad rows are counted."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from programs.errors import UserError
from programs.tasks.cells import text_cell
from programs.tasks.expansion import PlacedRow

Found = TypeVar("Found")


def read_all(rows: Sequence[PlacedRow], read: Callable[[PlacedRow], Found], where: str) -> list[Found]:
    """Every row read; if some cannot be, an error with the first one's place and the number of all."""
    found: list[Found] = []
    problems: list[str] = []
    for row in rows:
        try:
            found.append(read(row))
        except ValueError as error:
            problems.append(f"{row.place}, {error}")
    if problems:
        count = f" ({len(problems)} of {len(rows)} rows have such cells)" if len(problems) > 1 else ""
        raise UserError(f"{where}, {problems[0]}{count}")
    return found


def cell(row: PlacedRow, column: str, read: Callable[[Any], Any]) -> Any:
    """One cell, read; what is wrong with it is a ValueError that names the column."""
    try:
        return read(row.values.get(column))
    except ValueError as error:
        raise ValueError(f"column {column!r}: {error}") from error


def id_cell(value: Any) -> str:
    """A cell that names a row, a document or a rater."""
    return text_cell(value).strip()
