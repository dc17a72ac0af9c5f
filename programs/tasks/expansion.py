"""One row that holds a list of texts, unfolded to one row a text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from programs.errors import UserError
from programs.tasks.tables import RawRow


@dataclass(frozen=True)
class PlacedRow:
    """A row and where it stands in its data: its number, from 1, and its number in the row's list (0: no list)."""

    number: int
    item: int
    values: RawRow

    @property
    def place(self) -> str:
        """For error messages."""
        return f"row {self.number}, item {self.item}" if self.item else f"row {self.number}"


def expand(rows: Iterable[RawRow], columns: Sequence[str], where: str, position: str = "") -> Iterator[PlacedRow]:
    """The rows one by one, with the lists of `columns` unfolded, item k of each list going to the k-th new row.

    A new row has k in the column `position`, where that is named: in some data an item's place says which system wrote
    it. Rows in which none of the columns is a list stay as they are, so one task reads both shapes of its data.
    Raises UserError when the lists of a row differ in length, are empty, when a column is a list and another not, or
    when there is a column `position` already.
    """
    for number, row in enumerate(rows, start=1):
        own = [column for column in columns if column in row]
        yield from _unfolded(PlacedRow(number, 0, row), own, where, position)


def _unfolded(row: PlacedRow, columns: list[str], where: str, position: str) -> list[PlacedRow]:
    values, place = row.values, f"{where}, {row.place}"
    lists = [column for column in columns if isinstance(values[column], list)]
    if not lists:
        return [row]
    for column in columns:
        if column not in lists:
            raise UserError(f"{place}: {lists[0]!r} is a list, {column!r} is not; both must be, or neither")
    if position and position in values:
        raise UserError(f"{place}: has a column {position!r} already; give [expand] another 'position' in the task")
    lengths = {column: len(values[column]) for column in columns}
    if 0 in lengths.values() or len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{column!r} {length}" for column, length in lengths.items())
        raise UserError(f"{place}: its lists must have equal lengths, at least 1, but have: {sizes}")
    items = (
        {column: values[column][item] for column in columns} | ({position: item + 1} if position else {})
        for item in range(lengths[lists[0]])
    )
    return [PlacedRow(row.number, number, {**values, **item}) for number, item in enumerate(items, start=1)]
