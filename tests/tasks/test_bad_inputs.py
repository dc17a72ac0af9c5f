"""Every mistake of a user is one line that names the place (file, row and column) and says what is wrong."""

from functools import partial
from pathlib import Path

import pytest

from programs.tasks.describe import task_from_flags
from programs.tasks.loading import load_rows
from programs.tasks.task import Task
from tests.tasks.conftest import complaint

GOOD = b"d1,Hello,4,2\n"
HEADER = b"id,text,helpful,polite\n"

BAD_TABLES = {
    "empty": ("t.csv", b"", ["is empty"]),
    "blank": ("t.csv", b"\n \n", ["is empty"]),
    "only a mark": ("t.csv", b"\xef\xbb\xbf", ["is empty"]),
    "no rows": ("t.csv", HEADER, ["holds no rows"]),
    "latin-1": ("t.csv", HEADER + b"d1,caf\xe9,4,2\n", ["byte 29", "UTF-8"]),
    "latin-1 after a mark": ("t.csv", b"\xef\xbb\xbf" + HEADER + b"d1,caf\xe9,4,2\n", ["byte 32", "UTF-8"]),
    "utf-16": ("t.csv", "id,text\n".encode("utf-16"), ["byte 0", "UTF-8"]),
    "NUL": ("t.csv", HEADER + GOOD + b"d1,a\0b,4,2\n", ["line 3", "NUL"]),
    "short row": ("t.csv", HEADER + GOOD + b"d1,Hello,4\n", ["row 2 (line 3)", "3 cells", "header has 4"]),
    "long row": ("t.csv", HEADER + b"d1,Hello, you,4,2\n", ["row 1 (line 2)", "5 cells", "quotation marks"]),
    "short row after a break": ("t.csv", HEADER + b'd1,"a\nb",4,2\nd1,x\n', ["row 2 (line 4)", "2 cells"]),
    "open quote": ("t.csv", HEADER + GOOD + b'd1,"Hello,4,2\n', ["row 2", "written twice"]),
    "loose quote": ("t.csv", HEADER + b'd1,"a" b,4,2\n', ["row 1 (line 2)", "written twice"]),
    "twin columns": ("t.csv", b"id,text,text,helpful\nd,a,b,1\n", ["'text' stands twice"]),
    "semicolons": ("t.csv", b"id;text;helpful;polite\nd;a;1;2\n", ["line 1", "';'"]),
    "tsv with commas": ("t.tsv", HEADER + GOOD, ["line 1", "','"]),
    "bad json line": ("t.jsonl", b'{"id": "d"}\n{"id": }\n', ["line 2", "not JSON", "column 8"]),
    "cut json line": ("t.jsonl", b'{"id": "d"', ["line 1", "not JSON"]),
    "array line": ("t.jsonl", b'["d"]\n', ["row 1 (line 1)", "must be an object"]),
    "text line": ("t.jsonl", b'\n"d"\n', ["row 1 (line 2)", "must be an object"]),
    "twin keys": ("t.jsonl", b'{"id": "d", "id": "e"}', ["line 1", "a key stands twice"]),
    "deep json": ("t.json", b"[" * 100_000, ["not JSON"]),
    "json object": ("t.json", b'{"rows": []}', ["list of objects", ".jsonl"]),
    "json lines in json": ("t.json", b'{"id": 1}\n{"id": 2}\n', ["not JSON", "line 2", ".jsonl"]),
    "json list of texts": ("t.json", b'["a"]', ["row 1", "must be an object"]),
    "json without rows": ("t.json", b"[]", ["holds no rows"]),
    "no parquet": ("t.parquet", b"PAR1 is not enough", ["not a readable Parquet file"]),
    "empty parquet": ("t.parquet", b"", ["not a readable Parquet file"]),
    "other suffix": ("t.xlsx", b"PK", [".xlsx", "CSV"]),
    "no suffix": ("table", b"a,b", ["without a suffix", "CSV"]),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_are_one_line_with_the_place(case: str, own_task: Task, tmp_path: Path) -> None:
    name, content, expected = BAD_TABLES[case]
    (tmp_path / name).write_bytes(content)
    message = complaint(lambda: load_rows(own_task, str(tmp_path / name)))
    assert message.startswith(str(tmp_path / name))
    assert all(part in message for part in expected), message


def test_missing_files_and_folders_are_one_line_with_the_path(own_task: Task, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.csv")
    assert complaint(lambda: load_rows(own_task, missing)) == f"{missing}: cannot be read: No such file or directory"
    (tmp_path / "folder.csv").mkdir()
    for folder in (tmp_path, tmp_path / "folder.csv"):
        assert complaint(partial(load_rows, own_task, str(folder))).startswith(f"{folder}: is a folder")
    assert "--data" in complaint(lambda: load_rows(own_task, "x" * 5000))
    assert "--data" in complaint(lambda: load_rows(own_task, ""))


BAD_CELLS = {
    "word": ('"helpful": "good"', ["'helpful'", "'good'", "not a number", "1-5"]),
    "decimal comma": ('"helpful": "4,5"', ["'4,5'", "not a number"]),
    "out of": ('"helpful": "4/5"', ["'4/5'", "not a number"]),
    "underscore": ('"helpful": "1_0"', ["'1_0'", "not a number"]),
    "NaN": ('"helpful": NaN', ["'helpful'", "is empty"]),
    "NaN in words": ('"helpful": "nan"', ["'nan'", "not a number"]),
    "infinity": ('"helpful": Infinity', ["inf", "not a number"]),
    "infinite exponent": ('"helpful": "1e999"', ["'1e999'", "not a number"]),
    "null": ('"helpful": null', ["'helpful'", "is empty"]),
    "blank": ('"helpful": " "', ["'helpful'", "is empty"]),
    "bool": ('"helpful": true', ["True", "not a number"]),
    "list": ('"helpful": [4]', ["[4]", "not a number"]),
    "above": ('"helpful": 5.01', ["5.01", "outside the scale 1-5"]),
    "below": ('"polite": -0.5', ["'polite'", "-0.5", "outside the scale 0-3"]),
    "huge": ('"helpful": 1' + "0" * 400, ["...", "not a number"]),
    "empty text": ('"text": ""', ["'text'", "is empty"]),
    "blank text": ('"text": "\\n\\t"', ["'text'", "is empty"]),
    "null text": ('"text": null', ["'text'", "is empty"]),
    "object text": ('"text": {"a": "b"}', ["'text'", "not text"]),
    "long object": ('"text": ["' + "x" * 500 + '"]', ["'text'", "...", "not text"]),
    "half a character": ('"text": "\\ud800"', ["'text'", "surrogate"]),
    "empty group": ('"id": ""', ["'id'", "is empty"]),
}


@pytest.mark.parametrize("case", BAD_CELLS)
def test_bad_cells_are_one_line_with_file_row_and_column(case: str, own_task: Task, tmp_path: Path) -> None:
    cell, expected = BAD_CELLS[case]
    good = {"id": '"id": "d1"', "text": '"text": "Hello"', "helpful": '"helpful": 4', "polite": '"polite": 2'}
    bad = good | {cell.split('"')[1]: cell}
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join("{" + ", ".join(row.values()) + "}" for row in (good, good, bad)), encoding="utf-8")
    message = complaint(lambda: load_rows(own_task, str(path)))
    assert message.startswith(f"{path}, row 3, column ")
    assert all(part in message for part in expected), message


def test_missing_columns_are_named_with_those_there_and_the_nearest(own_task: Task, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,Text,helpfull,poli\nd,a,1,2\n", encoding="utf-8")
    message = complaint(lambda: load_rows(own_task, str(path)))
    assert message.startswith(f"{path}: no column 'text', 'helpful', 'polite'; did you mean 'Text'?")
    assert "it has 'id', 'Text', 'helpfull', 'poli'" in message


def test_a_missing_group_row_or_split_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,helpful\na,1\n", encoding="utf-8")
    for name in ("group", "row", "split"):
        task = task_from_flags("text", "helpful:1-5", **{name: "col"})
        assert "no column 'col'" in complaint(partial(load_rows, task, str(path)))


def test_unknown_words_in_the_split_column_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,helpful,part\na,1,fold3\n", encoding="utf-8")
    task = task_from_flags("text", "helpful:1-5", split="part")
    assert "row 1, column 'part': is 'fold3'" in complaint(lambda: load_rows(task, str(path)))


BAD_LISTS = {
    "unequal": ('"text": ["a", "b"], "helpful": [1]', ["row 1", "'text' 2", "'helpful' 1"]),
    "empty lists": ('"text": [], "helpful": []', ["row 1", "at least 1"]),
    "one a list": ('"text": ["a"], "helpful": 1', ["row 1", "'text' is a list, 'helpful' is not"]),
    "bad item": ('"text": ["a", "b"], "helpful": [1, 7]', ["row 1, item 2, column 'helpful'", "outside the scale"]),
}


@pytest.mark.parametrize("case", BAD_LISTS)
def test_bad_lists_are_one_line_with_row_and_item(case: str, tmp_path: Path) -> None:
    cells, expected = BAD_LISTS[case]
    path = tmp_path / "t.jsonl"
    path.write_text("{" + cells + "}", encoding="utf-8")
    flags = task_from_flags("text", "helpful:1-5").to_dict()
    task = Task.from_dict(flags | {"expand": {"columns": ["text", "helpful"]}}, "task")
    message = complaint(lambda: load_rows(task, str(path)))
    assert message.startswith(str(path))
    assert all(part in message for part in expected), message
