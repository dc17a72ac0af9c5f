"""A folder with a finished run, its table and its anchors, made once and copied for every case."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import dspy
import pytest

from programs import check, optimize
from tests.commands import SIZES, own_task, write_table
from tests.fake import FakeEngine, fake_lm


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("finished")
    table = write_table(folder / "rated.csv")
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    fake = patch("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(FakeEngine()))
    with fake, pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        optimize.main([*own_task(Path(table.name)), *SIZES, "--steps", "1", "--run", "one"])
        check.main(["runs/one", "--freeze", "anchors.json", "--data", "rated.csv", "--rows", "12"])
    yield folder


@pytest.fixture
def workplace(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which the command runs in."""
    folder = tmp_path / "workplace"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    return folder
