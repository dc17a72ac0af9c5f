"""Two runs of one seed and one of another on an own table: made once, copied for every test."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from programs import compare, optimize
from tests.commands import SIZES, own_task, run, write_table
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm

RUNS = {
    "joint": ["--mode", "SSC"],
    "single": ["--mode", "Single", "--guard", "off", "--accept", "not_worse"],
    "other": ["--mode", "SSC", "--seed", "1"],
    "expected": ["--mode", "SSC", "--readout", "expected", "--steps", "0"],
    "ensemble": ["--mode", "SSC", "--control", "ensemble"],
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the runs and their table."""
    return tmp_path_factory.mktemp("compared")


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to stand in: `rated.csv`, and `runs` with all of `RUNS`."""
    if not (made / "runs").exists():
        table = write_table(made / "rated.csv")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(DoubtfulEngine()))
            for name, flags in RUNS.items():
                arguments = [*own_task(table), *SIZES, "--run", name, "--runs-dir", made / "runs", *flags]
                assert run(optimize.main, *arguments, monkeypatch=patch) == 0
                (made / "runs" / name / "report.html").unlink()  # megabytes, that every test would copy
    shutil.copytree(made / "runs", tmp_path / "runs")
    shutil.copy(made / "rated.csv", tmp_path / "rated.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Every LM name leads to this engine from now on."""
    engine = DoubtfulEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    return engine


@pytest.fixture
def comparing(place: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """`compare.py` with these arguments: what it writes."""

    def start(*arguments: object) -> dict[str, Any]:
        assert run(compare.main, *arguments, "--out", "found.json", monkeypatch=monkeypatch) == 0
        found: dict[str, Any] = json.loads(Path("found.json").read_text())
        return found

    return start
