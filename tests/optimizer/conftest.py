"""Runs of optimize.py on a small own table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from programs import optimize
from tests.commands import own_task, run
from tests.fake import FakeEngine

SIZES = ["--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "4"]
Start = Callable[..., int]


@pytest.fixture
def start(table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Runs optimize.py with these sizes on the fake engine and gives its exit code."""
    runs = ["--runs-dir", str(tmp_path / "runs")]
    return lambda *arguments: run(optimize.main, *own_task(table), *SIZES, *runs, *arguments, monkeypatch=monkeypatch)


@pytest.fixture
def found(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """The summary of the run of that name."""
    return lambda name: json.loads((tmp_path / "runs" / name / "summary.json").read_text())


@pytest.fixture
def pageless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs write no page: for tests that read other files."""
    monkeypatch.setattr("programs.optimizer.session._report", lambda *_: None)
