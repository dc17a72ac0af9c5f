"""Tables: what was written with Python's own writers is what is read, and what cannot be right is one line."""

import csv
import io
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from programs.tasks.describe import task_from_flags
from programs.tasks.loading import load_rows
from programs.tasks.texts import open_texts
from tests.reliability.fuzzing.target import Draw, Target, characters, damaged_bytes, refused, texts

TASK = task_from_flags(inputs="text", criteria="helpful:1-5,polite:0-3", group="id")
COLUMNS = ("id", "text", "helpful", "polite")
SCALES = {"helpful": (1, 5), "polite": (0, 3)}
SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
FOLDER = Path(tempfile.mkdtemp(prefix="judgegrad-fuzz-"))


@dataclass(frozen=True)
class Table:
    """A file's suffix and bytes, and the rows that it holds (None: some row is bad, or nobody can say)."""

    suffix: str
    content: bytes
    rows: Sequence[Mapping[str, Any]] | None


filled = texts.filter(lambda text: text.strip() != "")


def ratings(low: int, high: int) -> st.SearchStrategy[tuple[str, float | None]]:
    """A rating as a file has it, and what it is; None for what is none."""
    numbers = st.integers(low, high).map(lambda level: (str(level), float(level)))
    fractions = st.floats(low, high, allow_nan=False).map(lambda value: (repr(value), value))
    padded = st.integers(low, high).map(lambda level: (f" {level}.0\t", float(level)))
    beyond = st.sampled_from([low - 1, high + 1, high + 0.001, -1e9]).map(lambda value: (str(value), None))
    words = st.sampled_from(["", " ", "nan", "inf", "-inf", "1e999", "four", "4,5", "1_0", "٣", "0x3", "true", "None"])
    return st.one_of(numbers, numbers, numbers, fractions, padded, beyond, words.map(lambda word: (word, None)))


@st.composite
def written_tables(draw: Draw, *, rated: bool = True) -> Table:
    """A table as Python's writers make it, with and without a mark, quotes and line ends of several kinds."""
    rows, expected, good = [], [], True
    for _ in range(draw(st.integers(1, 5))):
        row = {"id": draw(filled), "text": draw(filled if draw(st.integers(0, 9)) else texts)}
        known: dict[str, Any] = {"document_id": row["id"].strip(), "text": row["text"]}
        for name, (low, high) in SCALES.items() if rated else ():
            row[name], known[name] = draw(ratings(low, high))
            good = good and known[name] is not None
        good = good and row["text"].strip() != ""
        rows.append(row)
        expected.append(known)
    suffix = draw(st.sampled_from(SUFFIXES))
    names = draw(st.permutations(list(rows[0])))
    return Table(
        suffix, draw(_bytes(suffix, [{name: row[name] for name in names} for row in rows])), expected if good else None
    )


@st.composite
def _bytes(draw: Draw, suffix: str, rows: list[dict[str, str]]) -> bytes:
    if suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        sink = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
        return sink.getvalue().to_pybytes()
    mark = "\ufeff" * draw(st.booleans())
    if suffix in (".csv", ".tsv"):
        out = io.StringIO(newline="")
        end = draw(st.sampled_from(["\n", "\r\n"]))
        loose = end == "\r\n"  # so that the writer puts both line ends into quotes
        quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])) if loose else csv.QUOTE_ALL
        writer = csv.DictWriter(
            out, list(rows[0]), delimiter="," if suffix == ".csv" else "\t", quoting=quoting, lineterminator=end
        )
        writer.writeheader()
        writer.writerows(rows)
        return (mark + out.getvalue()).encode()
    ascii_ = draw(st.booleans())
    if suffix == ".json":
        return (mark + json.dumps(rows, ensure_ascii=ascii_, indent=draw(st.sampled_from([None, 1])))).encode()
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return (mark + end.join(json.dumps(row, ensure_ascii=ascii_) for row in rows)).encode()


def written(table: Table) -> Path:
    path = FOLDER / f"table{table.suffix}"
    path.write_bytes(table.content)
    return path


def check_rated(table: Table) -> None:
    """Rows that are good are read as they were written; one that is not is refused."""
    path = written(table)
    found = refused(path, lambda: load_rows(TASK, str(path)))
    if table.rows is None:
        assert found is None, f"read although a cell is bad: {found}"
        return
    assert found is not None, "refused although every cell is good"
    assert [{name: row[name] for name in known} for row, known in zip(found, table.rows, strict=True)] == table.rows
    assert len({row.row_id for row in found}) == len(found)


def check_texts(table: Table) -> None:
    """The same of texts without ratings, as score.py reads them."""
    path = written(table)
    found = refused(path, lambda: [row for _, row in open_texts(TASK, str(path)).rows()])
    if table.rows is None:
        assert found is None
        return
    assert found is not None
    assert [row.text for row in found] == [known["text"] for known in table.rows]


def check_damaged(table: Table) -> None:
    """Whatever is in the file: one line, or rows that hold texts and ratings on their scales."""
    path = written(table)
    for row in refused(path, lambda: load_rows(TASK, str(path))) or ():
        assert isinstance(row.text, str) and row.text.strip()
        for name, (low, high) in SCALES.items():
            assert isinstance(row[name], float) and math.isfinite(row[name]) and low <= row[name] <= high
    for _, row in refused(path, lambda: list(open_texts(TASK, str(path)).rows())) or ():
        assert isinstance(row.text, str) and row.text.strip()
        row.text.encode()


@st.composite
def damaged_tables(draw: Draw) -> Table:
    table = draw(written_tables())
    return Table(table.suffix, draw(damaged_bytes(st.just(table.content))), None)


raw_tables = st.builds(
    Table,
    st.sampled_from(SUFFIXES),
    st.binary(max_size=200) | st.text(characters, max_size=100).map(str.encode),
    st.none(),
)

TARGETS = {
    "rated tables": Target(written_tables(), check_rated),
    "texts to score": Target(written_tables(rated=False), check_texts),
    "damaged tables": Target(damaged_tables(), check_damaged),
    "random bytes as tables": Target(raw_tables, check_damaged),
}
