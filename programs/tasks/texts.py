"""Rows to be scored, without ratings: all checked before the first is judged, and never held, however many they are."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import dspy

from programs.errors import UserError
from programs.tasks.cells import is_empty
from programs.tasks.columns import places_of
from programs.tasks.expansion import PlacedRow
from programs.tasks.loading import text_fields
from programs.tasks.markers import MarkerCount
from programs.tasks.reading import id_cell, read_each
from programs.tasks.source import streamed_rows
from programs.tasks.tables import RawRow
from programs.tasks.task import Task


@dataclass(frozen=True)
class Texts:
    """Where rows to score are read from, as often as they are wanted.

    `columns` are the data's, in the order in which they are met, `places` the column of each field of the task; `count`
    is the number of rows, `mark` a hash of all their cells, and `markers` says how many hold any.
    """

    task: Task
    data: str | None
    columns: tuple[str, ...]
    places: Mapping[str, str]
    count: int
    mark: str
    markers: Mapping[str, Any] | None = None

    def rows(self, start: int = 0) -> Iterator[tuple[RawRow, dspy.Example]]:
        """Every row from number `start` (0: the first) on, as it stands in the data and as an example.

        Examples hold the inputs, the row's number as `row_id` (the data's own ids may repeat), and `document_id` where
        the data have it.
        """
        _, rows = streamed_rows(self.task, self.data)
        for number, row in enumerate(islice(rows, start, None), start=start + 1):
            fields = text_fields(self.task, self.places, row)
            document = _loose_id(row.values.get(self.places.get("document", "")))
            example = dspy.Example(**fields, row_id=str(number), document_id=document)
            yield row.values, example.with_inputs(*self.task.input_names)


def open_texts(task: Task, data: str | None = None) -> Texts:
    """The rows of a file or data set, after a look at every one.

    Raises UserError for what is no table, for missing columns, and for cells that cannot be judged or written.
    """
    where, rows = streamed_rows(task, data)
    columns, count, mark = _survey(rows, where)
    places = places_of(task, task.input_names, ("document", "system", "row", "split"), columns, where)
    _, again = streamed_rows(task, data)
    markers = MarkerCount(task)
    for fields in read_each(again, partial(text_fields, task, places), where):
        markers.add(fields.values())
    return Texts(task, data, tuple(columns), places, count, mark, markers.record)


def csv_line(cells: Iterable[Any]) -> str:
    """Cells as one line of a CSV file, ended by a line feed; lists and objects are written as JSON."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow([_plain(cell) for cell in cells])  # so that it quotes both ends
    return text.getvalue().removesuffix("\r\n") + "\n"


def _survey(rows: Iterable[PlacedRow], where: str) -> tuple[Sequence[str], int, str]:
    """The rows' columns, their number, and a hash of their cells."""
    columns: dict[str, None] = {}
    count, mark = 0, hashlib.sha256()
    for row in rows:
        columns.update(dict.fromkeys(row.values))
        try:
            mark.update(csv_line([*row.values, *row.values.values()]).encode())
        except UnicodeEncodeError:
            raise UserError(
                f"{where}, {row.place}: holds half a surrogate pair, which is no character; export the text again"
            ) from None
        count += 1
    return list(columns), count, mark.hexdigest()


def _plain(cell: Any) -> Any:
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, list | dict) else cell


def _loose_id(value: Any) -> str | None:
    return None if is_empty(value) else id_cell(value)
