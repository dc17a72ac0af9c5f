"""A study on a fake engine and a small own table."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from programs import study
from tests.commands import SIZES, answered_by, own_task, run, write_table
from tests.fake import FakeEngine

Study = Callable[..., int]
SMALL = ["--modes", "ssc", "--gates", "none", "--seeds", "0,1"]


@pytest.fixture
def base(table: Path, tmp_path: Path) -> list[str]:
    """The flags of a small study, without its lists."""
    return [*own_task(table), *SIZES, "--run", "one", "--runs-dir", str(tmp_path / "runs")]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Study:
    """Runs study.py and gives its exit code."""
    return lambda *arguments: run(study.main, *arguments, monkeypatch=monkeypatch)


@pytest.fixture(scope="session")
def lasting_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the study that is made once. Not to be changed."""
    return write_table(tmp_path_factory.mktemp("table") / "rated.csv")


@pytest.fixture(scope="session")
def made_once(lasting_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of the lists `SMALL`. Not to be changed."""
    runs = tmp_path_factory.mktemp("small")
    with answered_by(FakeEngine) as patch:
        flags = [*own_task(lasting_table), *SIZES, *SMALL, "--run", "one", "--runs-dir", runs, "--yes"]
        assert run(study.main, *flags, monkeypatch=patch) == 0
    return runs / "one"


@pytest.fixture
def finished(made_once: Path, tmp_path: Path) -> Path:
    """A copy of that study."""
    return Path(shutil.copytree(made_once, tmp_path / "runs" / "one"))


@pytest.fixture
def again(lasting_table: Path, tmp_path: Path) -> list[str]:
    """The flags that continue the copy."""
    return [*own_task(lasting_table), *SIZES, *SMALL, "--run", "one", "--runs-dir", str(tmp_path / "runs")]
