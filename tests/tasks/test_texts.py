"""Rows to be scored: read as often as wanted, checked before the first is judged, and written as they came."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from programs.tasks.describe import task_from_flags
from programs.tasks.task import Task
from programs.tasks.texts import csv_line, open_texts
from tests.tasks.conftest import complaint

ROWS = [
    {"note": "n1", "text": "one\r\ntwo", "id": "d2"},
    {"note": 'say "no", twice', "text": "a\nb", "id": ""},
    {"note": "", "text": "ends\r", "id": "d2"},
]


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    """The rows in the format of the file's suffix; a CSV file has a byte-order mark and CRLF line ends."""
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, rows[0], delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    else:
        lines = [json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) if path.suffix == ".jsonl" else f"[{','.join(lines)}]")
    return str(path)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_every_format_gives_the_same_rows_from_any_row_on(suffix: str, own_task: Task, tmp_path: Path) -> None:
    texts = open_texts(own_task, written(tmp_path / f"new.{suffix}", ROWS))
    assert (texts.columns, texts.count) == (("note", "text", "id"), 3)
    for _ in range(2):
        found = list(texts.rows())
        assert [raw for raw, _ in found] == ROWS
        assert [(row["text"], row["row_id"], row["document_id"]) for _, row in found] == [
            ("one\r\ntwo", "1", "d2"), ("a\nb", "2", None), ("ends\r", "3", "d2")
        ]  # fmt: skip
    assert [(raw["id"], row["row_id"]) for raw, row in texts.rows(start=2)] == [("d2", "3")]
    assert found[0][1].inputs().toDict() == {"text": "one\r\ntwo"}


def test_the_mark_is_of_every_cell_and_of_the_order(own_task: Task, tmp_path: Path) -> None:
    marks = [
        open_texts(own_task, written(tmp_path / f"{number}.jsonl", rows)).mark
        for number, rows in enumerate([ROWS, ROWS, ROWS[::-1], [{**ROWS[0], "note": "n2"}, *ROWS[1:]], ROWS[:2]])
    ]
    assert marks[0] == marks[1]
    assert len(set(marks)) == 4


def test_rows_with_other_columns_have_all_of_them(own_task: Task, tmp_path: Path) -> None:
    data = written(tmp_path / "new.jsonl", [{"text": "a"}, {"text": "b", "more": [1, {"k": "v"}]}])
    assert open_texts(own_task, data).columns == ("text", "more")


def test_neither_documents_nor_unique_ids_are_needed(tmp_path: Path) -> None:
    task = task_from_flags(inputs="text", criteria="helpful:1-5", group="doc", row="key", split="part")
    texts = open_texts(task, written(tmp_path / "t.jsonl", [{"text": "a", "key": "k"}, {"text": "b", "key": "k"}]))
    assert [row["row_id"] for _, row in texts.rows()] == ["1", "2"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [{"text": "a"}, {"text": ""}, {"text": " "}],
            "row 2, column 'text': is empty; fill it in or remove the row (2",
        ),
        ([{"text": "a"}, {"text": "b", "note": "\ud800"}], "row 2: holds half a surrogate pair"),
        ([{"words": "a"}], "no column 'text'"),
    ],
)
def test_what_cannot_be_judged_or_written_is_refused(
    rows: list[dict[str, Any]], words: str, own_task: Task, tmp_path: Path
) -> None:
    data = written(tmp_path / "new.jsonl", rows)
    assert words in complaint(lambda: open_texts(own_task, data))


def test_a_line_is_read_back_as_it_was_whatever_is_in_its_cells() -> None:
    cells = ["a\rb", "a\r\nb", "\n", 'say ""', ",", "", None, 1.5, [1, "é"], {"k": None}]
    line = csv_line(cells)
    assert line.endswith("\n")
    assert not line.endswith("\r\n")
    (back,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert back == ["a\rb", "a\r\nb", "\n", 'say ""', ",", "", "", "1.5", '[1, "é"]', '{"k": null}']
