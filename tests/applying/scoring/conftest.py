"""A saved judge of two criteria, texts to score, and score.py on an engine that doubts every digit it says."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from programs import score
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.saved import save_judge
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.commands import run
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm

NAMES = ("kind", "clear")
Rows = list[dict[str, str]]


def small_task() -> Task:
    criteria = (Criterion("kind", 1, 3), Criterion("clear", 0, 3))
    return Task("test", "Judge the text.", (Input("text", "Text"),), criteria, document=("doc",))


@pytest.fixture
def task() -> Task:
    return small_task()


@pytest.fixture
def judge(task: Task, tmp_path: Path) -> Path:
    path = tmp_path / "judge.json"
    save_judge(Judge(task), path)
    return path


@pytest.fixture
def separate(task: Task, tmp_path: Path) -> Path:
    """The same with a call a criterion."""
    path = tmp_path / "separate.json"
    save_judge(Judge(task, groups("S", task.criterion_names)), path)
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """23 texts, with line breaks and quotation marks in their cells."""
    return write_texts(tmp_path / "texts.csv", [f'text {place}\r\n"really"' for place in range(23)])


def write_texts(path: Path, texts: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["note", "text"])
        writer.writerows((f"a,\n{place}", text) for place, text in enumerate(texts))
    return path


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Every LM name leads to it, without retries. Blocks are of five rows."""
    engine = DoubtfulEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine, num_retries=0))
    monkeypatch.setattr("programs.applying.texts.BLOCK", 5)
    return engine


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs score.py and gives its exit code."""
    return lambda *arguments: run(score.main, *arguments, monkeypatch=monkeypatch)


def read(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))
