"""Every format gives the same rows."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from programs.tasks.tables import read_table

ROWS = [{"id": "a", "text": 'He said "no",\nthen left.'}, {"id": "b", "text": "Füße \u2028 über"}]
CSV = 'id,text\r\na,"He said ""no"",\nthen left."\r\nb,Füße \u2028 über\r\n'


def write(path: Path, name: str) -> Path:
    path = path / name
    match path.suffix:
        case ".csv":
            path.write_bytes(CSV.encode())
        case ".tsv":
            path.write_bytes(CSV.replace("id,text", "id\ttext").replace("a,", "a\t").replace("b,", "b\t").encode())
        case ".jsonl":
            path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n\n", encoding="utf-8")
        case ".json":
            path.write_text(json.dumps(ROWS), encoding="utf-8")
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.CSV", "rows.tsv", "rows.jsonl", "rows.json", "rows.parquet"])
def test_every_format_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    assert read_table(write(tmp_path, name.lower()).rename(tmp_path / name)) == ROWS


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, name)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_table(path) == ROWS


def test_a_cell_may_be_longer_than_the_csv_modules_default(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(f"text\n{'x' * 200_000}\n", encoding="utf-8")
    assert len(read_table(path)[0]["text"]) == 200_000


def test_old_line_ends_end_rows_and_stay_as_they_are_within_cells(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(b'a,b\r1,"x\r\ny"\r2,z\r')
    assert read_table(path) == [{"a": "1", "b": "x\r\ny"}, {"a": "2", "b": "z"}]


def test_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("a,b\n\n1,2\n\n\n3,4\n\n", encoding="utf-8")
    assert read_table(path) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_a_local_file_is_read_without_importing_datasets(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.parquet")
    code = "import sys; from programs.tasks.tables import read_table; read_table(sys.argv[1]); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "pyarrow" in run.stdout.split()
    assert "datasets" not in run.stdout.split()
