"""Reading rows cell by cell: what is wrong names its row and column, and all bad rows are counted."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from programs.errors import UserError
from programs.tasks.cells import text_cell
from programs.tasks.expansion import PlacedRow

_WHOLE = re.compile(r"\A(-?\d+)\.0+\Z", re.ASCII)

Found = TypeVar("Found")


def read_all(rows: Iterable[PlacedRow], read: Callable[[PlacedRow], Found], where: str) -> list[Found]:
    """Every row read; if some cannot be, an error with the first one's place and the number of all."""
    return list(read_each(rows, read, where))


def read_each(rows: Iterable[PlacedRow], read: Callable[[PlacedRow], Found], where: str) -> Iterator[Found]:
    """The same one by one; the error comes after the last of them."""
    first, bad, count = "", 0, 0
    for row in rows:
        count += 1
        try:
            yield read(row)
        except ValueError as error:
            first, bad = first or f"{row.place}, {error}", bad + 1
    if bad:
        raise UserError(f"{where}, {first}" + (f" ({bad} of {count} rows have such cells)" if bad > 1 else ""))


def cell(row: PlacedRow, column: str, read: Callable[[Any], Any]) -> Any:
    """One cell, read; what is wrong with it is a ValueError that names the column."""
    try:
        return read(row.values.get(column))
    except ValueError as error:
        raise ValueError(f"column {column!r}: {error}") from error


def id_cell(value: Any) -> str:
    """A cell that names a row, a document or a rater; a whole number is named alike whether the file has 1 or 1.0."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else text_cell(value).strip()


def joining_id(value: Any) -> str:
    """An id by which rows of two tables are matched: `1.0`, as programs write a column with gaps, is `1`.

    >>> joining_id("1.0"), joining_id(" a1.0 ")
    ('1', 'a1.0')
    """
    return _WHOLE.sub(r"\1", str(value).strip())
