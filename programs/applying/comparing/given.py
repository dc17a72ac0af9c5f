"""Scores that somebody else's judge gave, from a table, brought to the rows that are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from programs.applying.comparing.contestants import Given
from programs.applying.comparing.field import Field
from programs.applying.comparing.past_run import RowScores
from programs.errors import UserError, suggest
from programs.tasks.cells import is_empty, rating_cell
from programs.tasks.columns import find_columns
from programs.tasks.expansion import PlacedRow
from programs.tasks.reading import joining_id
from programs.tasks.tables import RawRow, read_table
from programs.tasks.task import Task

Key = tuple[str, ...]
"""What a row is known by in two tables: its id, or the texts of its inputs."""


@dataclass(frozen=True)
class GivenScores:
    """`rows` has one entry a compared row, without scores where the table lacks it; `found` counts those it has, and
    `others` its rows that are not compared."""

    rows: Sequence[RowScores]
    criteria: tuple[str, ...]
    found: int
    others: int


def given_scores(side: Given, field: Field) -> GivenScores:
    """Raises UserError for columns that are not there, cells that are no score, and rows that leave a doubt."""
    if side.file is None:
        columns = _columns(side, field.where, field.raw, field.task)
        places = [f"{field.where}, row {row['row_id']}" for row in field.rows]
        own = [_scores(place, row, columns, field.task) for place, row in zip(places, field.raw, strict=True)]
        return GivenScores(own, tuple(columns), len(own), 0)
    theirs = read_table(side.file)
    columns = _columns(side, side.file, theirs, field.task)
    table = _table(side, field, theirs, columns)
    keys = _keys(side, field, field.raw, field.where)
    if side.key is not None:
        _refuse_twins(side.key, keys, field)
    found = sum(key in table for key in keys)
    if not found:
        by = f"the column {side.key!r}" if side.key else f"the texts of {', '.join(field.task.input_names)}"
        raise UserError(f"{side.file}: none of its rows is among {field.where}, by {by}: name the table of these rows")
    nothing: RowScores = dict.fromkeys(columns)
    return GivenScores([table.get(key, nothing) for key in keys], tuple(columns), found, len(table.keys() - set(keys)))


def _columns(side: Given, where: str, rows: Sequence[RawRow], task: Task) -> dict[str, str]:
    """Criterion -> the column of its scores."""
    present = {column for row in rows for column in row}
    if not side.columns:
        usual = {name: f"{name}_score" for name in task.criterion_names}
        if found := {name: column for name, column in usual.items() if column in present}:
            return found
        raise UserError(
            f"{where}: no column {' or '.join(map(repr, usual.values()))}; say which columns hold the scores: "
            f"{where}:{task.criterion_names[0]}=COLUMN"
        )
    for criterion, column in side.columns.items():
        if criterion not in task.criterion_names:
            known = ", ".join(task.criterion_names)
            raise UserError(
                f"{criterion}={column}: the rows have no criterion {criterion!r}"
                f"{suggest(criterion, task.criterion_names)} (known: {known})"
            )
        if column not in present:
            raise UserError(f"{where}: no column {column!r}{suggest(column, present)}, named for {criterion!r}")
    return dict(side.columns)


def _table(side: Given, field: Field, theirs: Sequence[RawRow], columns: Mapping[str, str]) -> dict[Key, RowScores]:
    """Key -> scores. One key may stand twice only where its scores agree."""
    file = str(side.file)
    found: dict[Key, tuple[int, RowScores]] = {}
    for number, (key, row) in enumerate(zip(_keys(side, field, theirs, file), theirs, strict=True), start=1):
        scores = _scores(f"{file}, row {number}", row, columns, field.task)
        first, known = found.setdefault(key, (number, scores))
        if known != scores:
            what = f"the {side.key} {key[0]!r}" if side.key else "the same texts"
            remedy = "remove one" if side.key else f"match rows by an id that both tables have, {file}@COLUMN"
            raise UserError(f"{file}: rows {first} and {number} have {what} and different scores; {remedy}")
    return {key: scores for key, (_, scores) in found.items()}


def _keys(side: Given, field: Field, rows: Sequence[RawRow], where: str) -> list[Key]:
    if side.key is not None:
        present = {column for row in rows for column in row}
        if side.key not in present:
            raise UserError(f"{where}: no column {side.key!r}{suggest(side.key, present)}, by which rows are matched")
        return [(joining_id(_word(row.get(side.key))),) for row in rows]
    task = field.task
    try:
        placed = [PlacedRow(number, 0, row) for number, row in enumerate(rows, start=1)]
        columns = find_columns(task, task.input_names, ("document", "row", "split"), placed, where)
    except UserError as error:
        raise UserError(f"{error}; or match rows by an id that both tables have, {side.file}@COLUMN") from None
    return [tuple(_word(row.get(columns[name])) for name in task.input_names) for row in rows]


def _word(value: object) -> str:
    return "" if is_empty(value) else str(value)


def _refuse_twins(column: str, keys: Sequence[Key], field: Field) -> None:
    first: dict[Key, str] = {}
    for key, row in zip(keys, field.rows, strict=True):
        if (other := first.setdefault(key, row["row_id"])) != row["row_id"]:
            raise UserError(
                f"{field.where}: rows {other} and {row['row_id']} both have {key[0]!r} in column {column!r}, which so "
                "does not say which row is meant: match by another column, or by the texts (leave out the @)"
            )


def _scores(place: str, row: RawRow, columns: Mapping[str, str], task: Task) -> RowScores:
    """The row's scores; an empty cell is unscored."""
    found: dict[str, float | None] = {}
    for criterion in task.select(tuple(columns)):
        value = row.get(columns[criterion.name])
        try:
            found[criterion.name] = None if is_empty(value) else rating_cell(value, criterion)
        except ValueError as error:
            raise UserError(f"{place}, column {columns[criterion.name]!r}: {error}") from None
    return found
