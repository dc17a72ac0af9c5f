"""Reading a table from a file: every format gives the same rows, every mistake names its place."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from programs.errors import UserError

RawRow = dict[str, Any]
"""One row as the file has it: column -> value (always text in CSV and TSV)."""

WIDEST_CELL = 2**31 - 1
"""For csv.field_size_limit, which is process-wide and 128 kB by default: less than a long document."""

_PARQUET_ROWS = 1_000


def read_table(path: str | Path) -> list[RawRow]:
    """The rows of a CSV, TSV, JSONL, JSON (a list of objects) or Parquet file, in the file's order.

    Text is UTF-8, with or without a byte-order mark; cells may hold line breaks. Blank lines are skipped.
    Raises UserError, naming file, row (data rows count from 1) and line, for whatever is not such a table.
    """
    return list(stream_table(path))


def stream_table(path: str | Path) -> Iterator[RawRow]:
    """The same one by one, without holding more than one (of a JSON file: all)."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name the file in it")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: cannot read {path.suffix or 'a file without a suffix'}; save it as {_FORMATS}")
    empty = True
    try:
        for row in reader(path):
            empty = False
            yield row
    except OSError as error:
        reason = " ".join(str(error.strerror or error).split())  # PyArrow's has several lines
        raise UserError(f"{path}: cannot be read: {reason}") from error
    if empty:
        raise UserError(f"{path}: holds no rows")


def _lines(path: Path, newline: str) -> Iterator[str]:
    """The file's lines, ended by `newline` ("": by any line break), without a byte-order mark and with their ends."""
    number, blank = 1, True
    try:
        with path.open(encoding="utf-8-sig", newline=newline) as file:
            for line in file:
                if "\0" in line:
                    raise UserError(f"{path}, line {number}: holds a NUL byte; remove it, or export the file again")
                number += line.endswith("\n")
                blank = blank and not line.strip()
                yield line
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 at byte {_bad_byte(path)}; save the file as UTF-8") from None
    if blank:
        raise UserError(f"{path}: is empty")


def _bad_byte(path: Path) -> int:
    """The place of the first byte that is not UTF-8, which the error of a file read in pieces does not tell."""
    before = 0
    with path.open("rb") as file:
        for line in file:
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return before + error.start
            before += len(line)
    return before


def _separated(path: Path, delimiter: str) -> Iterator[RawRow]:
    csv.field_size_limit(WIDEST_CELL)
    reader = csv.reader(_lines(path, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    number = 1
    try:
        for cells in reader:
            if not header:
                header = _header(path, cells, delimiter)
            elif cells:
                place = f"{path}, row {number} (line {reader.line_num})"
                yield dict(zip(header, _whole(place, header, cells), strict=True))
                number += 1
    except csv.Error as error:
        place = f"{path}, row {number} (line {reader.line_num})"
        raise UserError(f"{place}: {error}; a quotation mark within a quoted cell is written twice") from error


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


def _json_lines(path: Path) -> Iterator[RawRow]:
    number = 1
    for line, text in enumerate(_lines(path, newline="\n"), start=1):  # strings may hold other line breaks: U+2028
        if text.strip():
            yield _object(f"{path}, row {number} (line {line})", _parsed(f"{path}, line {line}", text.strip()))
            number += 1


def _json(path: Path) -> Iterator[RawRow]:
    rows = _parsed(f"{path}", "".join(_lines(path, newline="\n")))
    if not isinstance(rows, list):
        raise UserError(f"{path}: must be a list of objects, [{{...}}, {{...}}]; one object a line is a .jsonl file")
    for number, row in enumerate(rows, start=1):
        yield _object(f"{path}, row {number}", row)


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


def _parquet(path: Path) -> Iterator[RawRow]:
    import pyarrow  # here, since it takes over a second and only Parquet needs it
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _refuse_twins(str(path), file.schema_arrow.names)
            for batch in file.iter_batches(_PARQUET_ROWS):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable Parquet file: {' '.join(str(error).split())}") from error


def _refuse_twins(place: str, columns: list[str]) -> None:
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise UserError(f"{place}: the column {column!r} stands twice; rename or remove one")


READERS: dict[str, Callable[[Path], Iterator[RawRow]]] = {
    ".csv": lambda path: _separated(path, ","),
    ".tsv": lambda path: _separated(path, "\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".parquet": _parquet,
}
"""File suffix -> reader."""

_FORMATS = "CSV, TSV, JSONL, JSON or Parquet"
