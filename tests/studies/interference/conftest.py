"""A finished study of two seeds whose single runs have found better rubrics, one of them long."""

import csv
import io
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import pytest

from programs import interference, study
from tests.commands import answered_by, run
from tests.fake import Asked, fake_lm
from tests.studies.interference.planted import NAMES, PlantedEngine, uniform

Measure = Callable[..., int]
LARGE = ["--modes", "Single,SSC", "--train-size", 8, "--val-size", 24, "--test-size", 48]
FEW = ["--modes", "Single", "--train-size", 8, "--val-size", 4, "--test-size", 16]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study with rows enough to find what is planted. Not to be changed."""
    return finished_study(tmp_path_factory.mktemp("interference"), LARGE)


@pytest.fixture(scope="session")
def finished_few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of few rows, where the numbers do not matter. Not to be changed."""
    return finished_study(tmp_path_factory.mktemp("few"), FEW)


def finished_study(folder: Path, sizes: Sequence[object]) -> Path:
    """Two seeds, one gate. No harm can show in single prompts."""
    table = folder / "rated.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", *NAMES])
        for row in range(240):
            truth = [1 + int(5 * uniform(name, str(row))) for name in NAMES]
            said = " ".join(f"{name}={level}" for name, level in zip(NAMES, truth, strict=True))
            writer.writerow([f"d{row // 2}", f"text {row} {said}", *truth])
    criteria = ",".join(f"{name}:1-5" for name in NAMES)
    own = ["--data", table, "--inputs", "text", "--criteria", criteria, "--group", "id"]
    lists = ["--gates", "mae", "--seeds", "0,1", "--run", "one", "--runs-dir", folder]
    few = ["--steps", 1, "--batch-size", 2, "--guard", "off", "--threads", 2]
    with answered_by(lambda: PlantedEngine(harm=0)) as patch:
        patch.setattr("programs.studies.session.write_results", lambda *_: [])  # nobody reads them
        assert run(study.main, *own, *sizes, *few, *lists, "--yes", monkeypatch=patch) == 0
    return folder / "one"


@dataclass(frozen=True)
class Measured:
    """The study after interference.py, what the LM was asked for it, and what was said before it was asked."""

    path: Path
    asked: Sequence[Asked]
    most: int


@pytest.fixture(scope="session")
def measured(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Measured with an LM that is disturbed by long rubrics; not to be changed."""
    path = Path(shutil.copytree(finished, tmp_path_factory.mktemp("measured") / "one"))
    engine, errors = PlantedEngine(harm=0.6), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(errors):
        patch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
        assert run(interference.main, path, "--yes", monkeypatch=patch) == 0
    most = re.search(r"at most ([\d,]+) LM calls", errors.getvalue())
    return Measured(path, engine.asked, int(most.group(1).replace(",", "")) if most else 0)


@pytest.fixture
def path(finished_few: Path, tmp_path: Path) -> Path:
    """A copy of the finished study of few rows."""
    return Path(shutil.copytree(finished_few, tmp_path / "one"))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> PlantedEngine:
    """The LM of the experiment; `harm` may be set."""
    engine = PlantedEngine(harm=0.6)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine, num_retries=0))
    return engine


@pytest.fixture
def measure(path: Path, monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Runs interference.py on the copy, without the study's tables, and gives its exit code."""
    return measuring(path, monkeypatch)


def measuring(path: Path, monkeypatch: pytest.MonkeyPatch) -> Measure:
    """The same on any study."""
    monkeypatch.setattr("programs.studies.interference.session.write_results", lambda *_: [])
    return lambda *arguments: run(interference.main, path, *arguments, monkeypatch=monkeypatch)
