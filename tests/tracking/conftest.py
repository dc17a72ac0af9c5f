"""A run's flags, and a store that stands in for MLflow."""

from pathlib import Path

import pytest

from tests.commands import SIZES, own_task
from tests.tracking.fake import FakeStore


@pytest.fixture
def base(table: Path, tmp_path: Path) -> list[str]:
    """What starts the run `one`, untracked."""
    return [*own_task(table), *SIZES, "--eval-every", "1", "--run", "one", "--runs-dir", str(tmp_path / "runs")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "one"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """What every URI leads to; files are looked at all the time."""
    store = FakeStore()
    monkeypatch.setattr("programs.tracking.session.open_store", store.open)
    monkeypatch.setattr("programs.tracking.following.LOOK", 0.01)
    return store
