"""Reading a table from a file: every format gives the same list of rows, every mistake names its place."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from programs.errors import UserError

RawRow = dict[str, Any]
"""One row as the file has it: column -> value (always text in CSV and TSV)."""

_WIDEST_CELL = 2**31 - 1
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_table(path: str | Path) -> list[RawRow]:
    """The rows of a CSV, TSV, JSONL, JSON (a list of objects) or Parquet file, in the file's order.

    Text is UTF-8, with or without a byte-order mark; cells may hold line breaks. Blank lines are skipped.
    Raises UserError, naming file, row (data rows count from 1) and line, for whatever is not such a table.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name the file in it")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: cannot read {path.suffix or 'a file without a suffix'}; save it as {_FORMATS}")
    try:
        rows = reader(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not rows:
        raise UserError(f"{path}: holds no rows")
    return rows


def _text(path: Path) -> str:
    """The file's text, without a byte-order mark and with its line ends as they are."""
    content = path.read_bytes()
    mark = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
    try:
        text = content[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {mark + error.start}; save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}, line {line}: holds a NUL byte; remove it, or export the file again")
    if not text.strip():
        raise UserError(f"{path}: is empty")
    return text


def _separated(path: Path, delimiter: str) -> list[RawRow]:
    csv.field_size_limit(_WIDEST_CELL)  # process-wide, and 128 kB by default: less than a long document
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows: list[RawRow] = []
    try:
        for cells in reader:
            if not header:
                header = _header(path, cells, delimiter)
            elif cells:
                place = f"{path}, row {len(rows) + 1} (line {reader.line_num})"
                rows.append(dict(zip(header, _whole(place, header, cells), strict=True)))
    except csv.Error as error:
        place = f"{path}, row {len(rows) + 1} (line {reader.line_num})"
        raise UserError(f"{place}: {error}; a quotation mark within a quoted cell is written twice") from error
    return rows


def _header(path: Path, cells: list[str], delimiter: str) -> list[str]:
    """The column names of a CSV or TSV file, which must differ."""
    _refuse_twins(str(path), cells)
    other = next((mark for mark in ";\t,|" if mark != delimiter and len(cells) == 1 and mark in cells[0]), None)
    if other:
        raise UserError(f"{path}, line 1: columns look separated by {other!r}; a .csv needs commas, a .tsv tabs")
    return cells


def _whole(place: str, header: list[str], cells: list[str]) -> list[str]:
    if len(cells) != len(header):
        raise UserError(
            f"{place}: has {len(cells)} cells where the header has {len(header)};"
            " put cells that hold the separator in quotation marks"
        )
    return cells


def _json_lines(path: Path) -> list[RawRow]:
    rows: list[RawRow] = []
    for line, text in enumerate(_text(path).split("\n"), start=1):  # not splitlines: strings may hold U+2028
        if text.strip():
            rows.append(_object(f"{path}, row {len(rows) + 1} (line {line})", _parsed(f"{path}, line {line}", text)))
    return rows


def _json(path: Path) -> list[RawRow]:
    rows = _parsed(f"{path}", _text(path))
    if not isinstance(rows, list):
        raise UserError(f"{path}: must be a list of objects, [{{...}}, {{...}}]; one object a line is a .jsonl file")
    return [_object(f"{path}, row {number}", row) for number, row in enumerate(rows, start=1)]


def _parsed(place: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        detail = f"{error.msg} ({_position(error)})" if isinstance(error, json.JSONDecodeError) else str(error)
        hint = "; one object a line is a .jsonl file" if detail.startswith("Extra data") else ""
        raise UserError(f"{place}: not JSON: {detail}{hint}") from error


def _position(error: json.JSONDecodeError) -> str:
    return f"line {error.lineno}, column {error.colno}" if "\n" in error.doc else f"column {error.colno}"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _object(place: str, value: Any) -> RawRow:
    if not isinstance(value, dict):
        raise UserError(f"{place}: must be an object {{column: value}}, not {json.dumps(value)[:40]}")
    return value


def _parquet(path: Path) -> list[RawRow]:
    import pyarrow  # here, since it takes over a second and only Parquet needs it
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read()
        _refuse_twins(str(path), table.column_names)
        return table.to_pylist()
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable Parquet file: {' '.join(str(error).split())}") from error


def _refuse_twins(place: str, columns: list[str]) -> None:
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise UserError(f"{place}: the column {column!r} stands twice; rename or remove one")


READERS: dict[str, Callable[[Path], list[RawRow]]] = {
    ".csv": lambda path: _separated(path, ","),
    ".tsv": lambda path: _separated(path, "\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".parquet": _parquet,
}
"""File suffix -> reader."""

_FORMATS = "CSV, TSV, JSONL, JSON or Parquet"
