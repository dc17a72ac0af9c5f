"""An own task whose criteria have descriptions, and its runs and studies on a fake engine."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dspy
import pytest

from programs import diagnose, optimize, study
from tests.commands import SIZES, run, write_table
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


@dataclass(frozen=True)
class Made:
    """The runs folder of a finished run `one`, not to be changed, and the engine that answered it."""

    runs: Path
    engine: FakeEngine


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Diluted joint notes and a good rater, until a test says otherwise."""
    return everywhere(FakeEngine(reply=together(diluted_notes, good_rater)), monkeypatch)


def everywhere(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Every LM name leads to it."""
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    return engine


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the table and of the task file, not to be changed: runs name them."""
    folder = tmp_path_factory.mktemp("answers")
    write_table(folder / "rated.csv")
    (folder / "answers.toml").write_text(TASK)
    return folder


def small(place: Path, runs: Path) -> list[object]:
    """The flags of a small run or study on the task."""
    sizes = [*SIZES, "--test-size", 8, "--val-size", 4, "--batch-size", 3, "--threads", 2]
    return ["--data", place / "rated.csv", *sizes, "--run", "one", "--runs-dir", runs]


@pytest.fixture
def start(place: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs optimize.py."""
    flags = [*small(place, runs), "--task", place / "answers.toml"]
    return lambda *more: run(optimize.main, *flags, *more, monkeypatch=monkeypatch)


@pytest.fixture(scope="session")
def made(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of mode SSC that has not been rated."""
    runs = tmp_path_factory.mktemp("unrated")
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    with pytest.MonkeyPatch.context() as patch:
        engine = everywhere(FakeEngine(reply=together(diluted_notes, good_rater)), patch)
        flags = [*small(place, runs), "--task", place / "answers.toml", "--mode", "SSC"]
        assert run(optimize.main, *flags, monkeypatch=patch) == 0
    return Made(runs, engine)


@pytest.fixture
def unrated(made: Made, runs: Path) -> Path:
    """A copy of that run, as the run `one` of the test."""
    return Path(shutil.copytree(made.runs / "one", runs / "one"))


@pytest.fixture
def study_of(place: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs study.py: SSC and CCC, two seeds unless others are given."""
    lists = ["--modes", "SSC,CCC", "--gates", "none", "--seeds", "0,1", "--yes"]
    flags = [*small(place, runs), "--tasks", place / "answers.toml", *lists]
    return lambda *more: run(study.main, *flags, *more, monkeypatch=monkeypatch)


@pytest.fixture
def rate(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs diagnose.py on the run or study."""
    return lambda *more: run(diagnose.main, "one", "--runs-dir", runs, *more, monkeypatch=monkeypatch)
