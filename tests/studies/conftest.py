"""A study on a fake engine and a small own table."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from programs import study
from tests.fake import FakeEngine, fake_lm
from tests.test_commands import own_task, run

NAMES = ("helpful", "polite")
SIZES = ["--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "2"]
Study = Callable[..., int]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Every LM name leads to this engine."""
    engine = FakeEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    return engine


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """60 rated rows of 20 documents, two criteria on different scales."""
    path = tmp_path / "rated.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "answer", *NAMES])
        for place in range(60):
            writer.writerow([f"d{place % 20}", "Why?", f"answer {place}", 1 + place * 7 % 5, place * 3 % 4])
    return path


@pytest.fixture
def base(table: Path, tmp_path: Path) -> list[str]:
    """The flags of a small study, without its lists."""
    return [*own_task(table), *SIZES, "--run", "one", "--runs-dir", str(tmp_path / "runs")]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Study:
    """Runs study.py and gives its exit code."""
    return lambda *arguments: run(study.main, *arguments, monkeypatch=monkeypatch)
