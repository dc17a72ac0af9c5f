"""A study on a fake engine and a small own table."""

from collections.abc import Callable
from pathlib import Path

import pytest

from programs import study
from tests.commands import SIZES, own_task, run

Study = Callable[..., int]


@pytest.fixture
def base(table: Path, tmp_path: Path) -> list[str]:
    """The flags of a small study, without its lists."""
    return [*own_task(table), *SIZES, "--run", "one", "--runs-dir", str(tmp_path / "runs")]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Study:
    """Runs study.py and gives its exit code."""
    return lambda *arguments: run(study.main, *arguments, monkeypatch=monkeypatch)
