"""What a command reads is never what it writes over: each file that rows, ratings and judges come from."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from programs import check, compare, evaluate, score
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.describe import task_from_flags
from tests.commands import NAMES, run
from tests.fake import FakeEngine

TASK = """
name = "own"
instructions = "Judge the answer."
data.file = "rated.csv"
ratings = {file = "ratings.csv"}
row = "row"
inputs = [{name = "question"}, {name = "answer"}]
criteria = [{name = "helpful", scale = [1, 5]}, {name = "polite", scale = [0, 3]}]
"""
SINGLE = ["--data", "rated.csv", "--row", "row", "--ratings", "ratings.csv"]

OVER = {
    "evaluate, over its ratings": (evaluate.main, ["plain", *SINGLE, "--out", "ratings.csv"]),
    "evaluate, over its task": (evaluate.main, ["plain", "--task", "own.toml", "--out", "own.toml"]),
    "evaluate, over its task's data": (evaluate.main, ["plain", "--task", "own.toml", "--out", "rated.csv"]),
    "evaluate, over its task's ratings": (evaluate.main, ["plain", "--task", "own.toml", "--out", "ratings.csv"]),
    "evaluate, over the judge of a folder": (evaluate.main, ["plain", *SINGLE, "--out", "plain/judge.json"]),
    "score, over the judge of a folder": (
        score.main, ["plain", "--data", "rated.csv", "--out", "plain/judge.json"],
    ),
    "check, over the judge of a folder": (check.main, ["plain", "anchors.json", "--out", "plain/judge.json"]),
    "compare, over its task": (compare.main, ["a.json", "b.json", "--task", "own.toml", "--out", "own.toml"]),
    "compare, over its task's ratings": (
        compare.main, ["a.json", "b.json", "--task", "own.toml", "--html", "ratings.csv"],
    ),
    "compare, over its ratings": (compare.main, ["a.json", "b.json", *SINGLE, "--out", "ratings.csv"]),
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in: texts and single ratings, a task of them, judges with and without a folder, anchors."""
    monkeypatch.chdir(tmp_path)
    _write("rated.csv", ["row", "question", "answer"], [[row, "Why?", f"answer {row}"] for row in range(12)])
    scores = [[row, rater, 1 + (row + by) % 5, row % 4] for row in range(12) for by, rater in enumerate("ab")]
    _write("ratings.csv", ["row", "rater", *NAMES], scores)
    Path("own.toml").write_text(TASK)
    Path("plain").mkdir()
    save_judge(Judge(task_from_flags("question,answer", "helpful:1-5,polite:0-3")), Path("plain/judge.json"))
    for name in ("a.json", "b.json"):
        shutil.copy("plain/judge.json", name)
    frozen = ["plain", "--freeze", "anchors.json", "--data", "rated.csv", "--rows", 12]
    assert run(check.main, *frozen, monkeypatch=monkeypatch) == 0
    engine.asked.clear()
    return tmp_path


@pytest.mark.parametrize("name", OVER)
def test_what_is_read_is_not_written_over(
    name: str, files: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Callable[[list[str]], int]
    main, arguments = OVER[name]
    before = _held(files)
    capsys.readouterr()
    assert run(main, *arguments, monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert "is what is read here and would be lost; name another file" in printed
    assert not engine.asked
    assert _held(files) == before


def _write(name: str, header: list[str], rows: list[list[object]]) -> None:
    with Path(name).open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _held(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
