"""From a task and its data to `dspy.Example` rows: every cell checked before anything is judged."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import dspy

from programs.errors import UserError
from programs.tasks.cells import is_empty, rating_cell, shown, text_cell
from programs.tasks.columns import find_columns
from programs.tasks.expansion import PlacedRow
from programs.tasks.source import placed_rows
from programs.tasks.tables import RawRow
from programs.tasks.task import Task

Fields = dict[str, Any]


def load_rows(task: Task, data: str | None = None) -> list[dspy.Example]:
    """The rated rows of a task, in the data's order, from a file, a hub data set, or the task's own data.

    Each example holds the inputs (text), one human rating per criterion (float), `row_id` (text, unique),
    `document_id` (text or None), `split` (train, validation, test or None) and, where the task has a system column,
    `system_id` (text). Where the task has no row column, the
    id is the document's with the row's number in it, or the row's number. Ids that repeat are refused, not repaired:
    mostly the rows stand twice, or the column names documents.
    Raises UserError for missing columns, and for the first bad cell, with the number of bad rows.
    """
    where, rows = placed_rows(task, data)
    columns = find_columns(task, [*task.input_names, *task.criterion_names], task.optional, rows, where)
    found = _read_all(rows, partial(_rated_fields, task, columns), where)
    ids = _row_ids(found, rows)
    _refuse_twins(ids, rows, where)
    return [
        dspy.Example(**{**fields, "row_id": each}).with_inputs(*task.input_names)
        for fields, each in zip(found, ids, strict=True)
    ]


def load_texts(task: Task, data: str | None = None) -> tuple[list[RawRow], list[dspy.Example]]:
    """Rows to be scored, without ratings: as they stand in the data, and as examples, in the same order.

    The examples hold the inputs, the row's number as `row_id` (the data's own ids may repeat), and `document_id`
    where the data have it. Raises UserError for missing columns and empty texts.
    """
    where, rows = placed_rows(task, data)
    columns = find_columns(task, task.input_names, ("document", "system", "row", "split"), rows, where)
    found = _read_all(rows, partial(_text_fields, task, columns), where)
    numbered = (
        dspy.Example(**fields, row_id=str(number), document_id=_loose_id(row.values.get(columns.get("document", ""))))
        for number, (fields, row) in enumerate(zip(found, rows, strict=True), start=1)
    )
    return [row.values for row in rows], [example.with_inputs(*task.input_names) for example in numbered]


def _read_all(rows: Sequence[PlacedRow], read: Callable[[PlacedRow], Fields], where: str) -> list[Fields]:
    """Every row read; if some cannot be, an error with the first one's place and the number of all."""
    found: list[Fields] = []
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


def _text_fields(task: Task, columns: Mapping[str, str], row: PlacedRow) -> Fields:
    return {name: _cell(row, columns[name], text_cell) for name in task.input_names}


def _rated_fields(task: Task, columns: Mapping[str, str], row: PlacedRow) -> Fields:
    ratings = {
        each.name: _cell(row, columns[each.name], partial(rating_cell, criterion=each)) for each in task.criteria
    }
    own = {
        "row_id": _cell(row, columns["row"], _id) if "row" in columns else None,
        "document_id": _cell(row, columns["document"], _id) if "document" in columns else None,
        "split": _cell(row, columns["split"], partial(_part, task)) if "split" in columns else None,
        **({"system_id": _cell(row, columns["system"], _id)} if "system" in columns else {}),
    }
    return {**_text_fields(task, columns, row), **ratings, **own}


def _cell(row: PlacedRow, column: str, read: Callable[[Any], Any]) -> Any:
    """One cell, read; what is wrong with it is a ValueError that names the column."""
    try:
        return read(row.values.get(column))
    except ValueError as error:
        raise ValueError(f"column {column!r}: {error}") from error


def _id(value: Any) -> str:
    return text_cell(value).strip()


def _loose_id(value: Any) -> str | None:
    return None if is_empty(value) else str(value).strip()


def _part(task: Task, value: Any) -> str:
    part = task.part(text_cell(value))
    if part is None:
        raise ValueError(f"is {shown(value)}; write train, validation or test, or say under [split_values] what it is")
    return part


def _row_ids(found: Sequence[Fields], rows: Sequence[PlacedRow]) -> list[str]:
    """Every row's id: its own (with the item's number, in a list), else its document's and its number in it."""
    seen: Counter[str | None] = Counter()
    ids: list[str] = []
    for fields, row in zip(found, rows, strict=True):
        document, own, item = fields["document_id"], fields["row_id"], f"-{row.item}" if row.item else ""
        seen[document] += 1
        if own is None and document is not None:
            ids.append(f"{document}-{seen[document]}")
        else:
            ids.append(f"{own or row.number}{item}")
    return ids


def _refuse_twins(ids: Sequence[str], rows: Sequence[PlacedRow], where: str) -> None:
    first: dict[str, PlacedRow] = {}
    for each, row in zip(ids, rows, strict=True):
        other = first.setdefault(each, row)
        if other is not row:
            raise UserError(
                f"{where}, {row.place}: the id {each!r} stands in {other.place} too; remove the repeated row, or name"
                " no row column (one that groups rows is the document's)"
            )
