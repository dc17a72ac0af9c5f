"""An own task whose criteria have descriptions, and its runs and studies on a fake engine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from programs import diagnose, optimize, study
from tests.commands import SIZES, run
from tests.diagnostics.raters import diluted_notes, good_rater, together
from tests.fake import FakeEngine, fake_lm

TASK = """
name = "answers"
instructions = "Judge the answer."
document = "id"
inputs = [{name = "question"}, {name = "answer"}]
criteria = [
    {name = "helpful", scale = [1, 5], description = "Does it solve the problem that was asked about?"},
    {name = "polite", scale = [0, 3], description = "Is it courteous, does it thank the writer?"},
]
"""

Command = Callable[..., int]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Diluted joint notes and a good rater, until a test says otherwise."""
    engine = FakeEngine(reply=together(diluted_notes, good_rater))
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    return engine


@pytest.fixture
def base(table: Path, tmp_path: Path, runs: Path) -> list[str]:
    """The flags of a small run or study on the task."""
    (tmp_path / "answers.toml").write_text(TASK)
    return [
        "--data",
        str(table),
        *SIZES,
        "--test-size",
        "8",
        "--val-size",
        "4",
        "--run",
        "one",
        "--runs-dir",
        str(runs),
        "--batch-size",
        "3",
    ]


@pytest.fixture
def task_file(tmp_path: Path) -> str:
    return str(tmp_path / "answers.toml")


@pytest.fixture
def start(base: list[str], task_file: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs optimize.py."""
    return lambda *more: run(optimize.main, *base, "--task", task_file, *more, monkeypatch=monkeypatch)


@pytest.fixture
def study_of(base: list[str], task_file: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs study.py: SSC and CCC, two seeds."""
    lists = ["--modes", "SSC,CCC", "--gates", "none", "--seeds", "0,1", "--yes"]
    return lambda *more: run(study.main, *base, "--tasks", task_file, *lists, *more, monkeypatch=monkeypatch)


@pytest.fixture
def rate(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs diagnose.py on the run or study."""
    return lambda *more: run(diagnose.main, "one", "--runs-dir", runs, *more, monkeypatch=monkeypatch)
