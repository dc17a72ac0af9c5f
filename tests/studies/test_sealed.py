"""No cell of a study ever asks an LM about a sealed row."""

from pathlib import Path

import pytest

from programs import evaluate, optimize
from programs.tasks.loading import load_rows
from programs.tasks.sealed import half_of
from programs.tasks.task import load_task
from tests.commands import run
from tests.fake import FakeEngine
from tests.studies.conftest import Study

SEALED = """
name = "own"
instructions = "Judge the answer."
document = "id"
sealed = { share = 0.4 }
inputs = [{ name = "question" }, { name = "answer" }]
criteria = [{ name = "helpful", scale = [1, 5] }, { name = "polite", scale = [0, 3] }]
data = { file = "rated.csv" }
"""
LISTS = ["--modes", "Single,SSC", "--gates", "spearman", "--optimizers", "textgrad,gepa", "--controls", "ensemble"]


@pytest.fixture
def sealed_task(table: Path) -> Path:
    """A task file beside its table."""
    path = table.parent / "own.toml"
    path.write_text(SEALED)
    return path


def texts(path: Path, half: str) -> set[str]:
    task = load_task(str(path))
    return {row["answer"] for row in half_of(load_rows(task), task, half)}


def seen(engine: FakeEngine, answers: set[str]) -> set[str]:
    """The answers that any request holds."""
    return {answer for answer in answers for each in engine.asked if f"{answer}\n" in f"{each.user}\n"}


def test_no_cell_asks_about_a_sealed_row(sealed_task: Path, tmp_path: Path, engine: FakeEngine, start: Study) -> None:
    sizes = ["--train-size", "8", "--val-size", "8", "--test-size", "8", "--steps", "3"]
    flags = ["--tasks", sealed_task, *sizes, "--run", "one", "--runs-dir", tmp_path / "runs", "--yes"]
    assert start(*flags, *LISTS, "--seeds", "0,1") == 0
    sealed = texts(sealed_task, "confirmation")
    assert len(sealed) >= 15
    assert not seen(engine, sealed)
    assert len(seen(engine, texts(sealed_task, "development"))) >= 24
    assert start(*flags[:-2], tmp_path / "all", "--yes", "--half", "all", "--seeds", "0,1", *LISTS[:4]) == 0
    assert seen(engine, sealed)  # so that the test can fail


def test_evaluate_leaves_sealed_rows_out_and_says_so(
    sealed_task: Path,
    tmp_path: Path,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ["--task", sealed_task, "--train-size", 8, "--val-size", 8, "--test-size", 8, "--runs-dir", tmp_path]
    assert run(optimize.main, *flags, "--run", "a", monkeypatch=monkeypatch) == 0
    sealed = texts(sealed_task, "confirmation")
    for half, expected in (("development", 60 - len(sealed)), ("confirmation", len(sealed)), ("all", 60)):
        engine.asked.clear()
        assert run(evaluate.main, tmp_path / "a", "--half", half, monkeypatch=monkeypatch) == 0
        assert len(engine.asked) == expected
        printed = capsys.readouterr().out
        assert ("left out" in printed, "cannot be confirmed" in printed) == (
            half == "development",
            half != "development",
        )
    engine.asked.clear()
    assert run(optimize.main, *flags, "--half", "confirmation", monkeypatch=monkeypatch) == 2
    assert "nothing is optimized on sealed rows" in capsys.readouterr().err
    assert not engine.asked
