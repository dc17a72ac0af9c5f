"""From a task and its data to `dspy.Example` rows: every cell checked before anything is judged."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import dspy

from programs.errors import UserError
from programs.tasks.cells import rating_cell, shown, text_cell
from programs.tasks.columns import find_columns
from programs.tasks.expansion import PlacedRow
from programs.tasks.raters import join_ratings, mean_score, read_ratings, score_columns
from programs.tasks.reading import cell, id_cell, read_all
from programs.tasks.source import placed_rows
from programs.tasks.tables import RawRow
from programs.tasks.task import Task

Fields = dict[str, Any]


def load_rows(task: Task, data: str | None = None) -> list[dspy.Example]:
    """The rated rows of a task (see `load_rated`)."""
    return load_rated(task, data)[1]


def load_rated(task: Task, data: str | None = None) -> tuple[list[RawRow], list[dspy.Example]]:
    """The rated rows of a task, as they stand in the data and as examples, both in the data's order.

    They come from a file, a hub data set, or the task's own data.

    Each example holds the inputs (text), one human rating per criterion (float), `row_id` (text, unique),
    `document_id` (text or None), `split` (train, validation, test or None) and, where the task has a system column,
    `system_id` (text). Where the task names single raters, `rater_scores` holds what each said (criterion -> rater ->
    score or None), and the rating is their mean. Where it has no row column, the id is the document's with the row's
    number in it, or the row's number. Ids that repeat are refused, not repaired: mostly the rows stand twice, or the
    column names documents.
    Raises UserError for missing columns, and for the first bad cell, with the number of bad rows.
    """
    where, rows = placed_rows(task, data)
    ratings = read_ratings(task, rows, where)
    apart = {*task.raters, *(ratings.criteria if ratings else ())}
    needed = [*task.input_names, *(name for name in task.criterion_names if name not in apart)]
    raters = [column for columns in task.raters.values() for column in columns]
    optional = [name for name in task.optional if name != "row" or ratings is None]
    columns = find_columns(task, needed, optional, rows, where, raters)
    found = read_all(rows, partial(_rated_fields, task, columns), where)
    ids = _row_ids(found, rows)
    if task.ratings and not task.ratings.file:
        found, ids, rows = _one_row_an_item(found, ids, rows, where)
    _refuse_twins(ids, rows, where)
    if ratings is not None:
        found = [
            {**fields, **_means(scores), "rater_scores": scores}
            for fields, scores in zip(found, join_ratings(ratings, ids, rows, where), strict=True)
        ]
    return [row.values for row in rows], [
        dspy.Example(**{**fields, "row_id": each}).with_inputs(*task.input_names)
        for fields, each in zip(found, ids, strict=True)
    ]


def text_fields(task: Task, columns: Mapping[str, str], row: PlacedRow) -> Fields:
    """The inputs of one row. Raises ValueError for a cell that holds no text."""
    return {name: cell(row, columns[name], text_cell) for name in task.input_names}


def _rated_fields(task: Task, columns: Mapping[str, str], row: PlacedRow) -> Fields:
    ratings = {
        each.name: cell(row, columns[each.name], partial(rating_cell, criterion=each))
        for each in task.criteria
        if each.name in columns
    }
    single = [each for each in task.criteria if each.name in task.raters]
    raters = {each.name: score_columns(each, task.raters[each.name], row) for each in single}
    own = {
        "row_id": cell(row, columns["row"], id_cell) if "row" in columns else None,
        "document_id": cell(row, columns["document"], id_cell) if "document" in columns else None,
        "split": cell(row, columns["split"], partial(_part, task)) if "split" in columns else None,
        **({"system_id": cell(row, columns["system"], id_cell)} if "system" in columns else {}),
    }
    if raters:
        ratings |= {**_means(raters), "rater_scores": raters}
    return {**text_fields(task, columns, row), **ratings, **own}


def _means(raters: Mapping[str, Mapping[str, float | None]]) -> dict[str, float]:
    return {name: mean_score(scores) for name, scores in raters.items()}


def _one_row_an_item(
    found: Sequence[Fields], ids: Sequence[str], rows: Sequence[PlacedRow], where: str
) -> tuple[list[Fields], list[str], list[PlacedRow]]:
    """Of data with a row a rating, each item's first row. Raises UserError where an item's rows differ elsewhere."""
    first: dict[str, int] = {}
    for place, (fields, each, row) in enumerate(zip(found, ids, rows, strict=True)):
        known = found[other := first.setdefault(each, place)]
        if differing := [name for name in fields if fields[name] != known[name]]:
            raise UserError(
                f"{where}, {row.place}: its {differing[0]!r} is not that of {rows[other].place}, which has the same id"
                f" {each!r}: an item's rows differ only in rater and scores; correct one, or give it another id"
            )
    kept = list(first.values())
    return [found[place] for place in kept], list(first), [rows[place] for place in kept]


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
