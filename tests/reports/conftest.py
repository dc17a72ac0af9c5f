"""A run and a study whose data, criterion label and LM texts all hold a script."""

import csv
import shutil
from pathlib import Path

import pytest

from programs import optimize, study
from programs.records.folder import RunFolder
from programs.reports import page
from tests.commands import run
from tests.conftest import WHOLE_ASSETS
from tests.fake import Asked, FakeEngine, fake_lm

PAYLOAD = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'> {{ 7*7 }}"


@pytest.fixture(autouse=True)
def whole_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """With plotly's script."""
    monkeypatch.setattr(page, "_assets", WHOLE_ASSETS)


def hostile_reply(asked: Asked) -> str | None:
    return f"{asked.stage}: {PAYLOAD}" if asked.stage in ("loss", "gradient") else None


@pytest.fixture
def engine() -> FakeEngine:
    """Every rewrite is kept, so that all figures have something to show."""
    return FakeEngine(reply=hostile_reply, rewrite=lambda name, system, user, levels: f"{name}, be strict: {PAYLOAD}")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rated.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "answer", f"Helpful {PAYLOAD}", "polite"])
        for place in range(60):
            writer.writerow([f"d{place % 20}", f"answer {place} {PAYLOAD}", 1 + place * 7 % 5, place * 3 % 4])
    return path


@pytest.fixture
def arguments(table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What starts a run or a study; every LM name leads to the fake engine."""
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    return [
        "--data", table, "--inputs", "answer", "--criteria", f"helpful=Helpful {PAYLOAD}:1-5,polite:0-3",
        "--group", "id", "--train-size", 8, "--val-size", 12, "--test-size", 16, "--steps", 2, "--accept", "not_worse",
        "--run", "one", "--runs-dir", tmp_path / "runs", "--guard", "off", "--threads", 2,
    ]  # fmt: skip


@pytest.fixture
def run_arguments(arguments: list[object]) -> list[object]:
    """What starts the run."""
    return [*arguments, "--eval-every", 1, "--gate", "mae"]


@pytest.fixture
def run_folder(
    run_arguments: list[object], kept_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunFolder:
    """The finished run: made once, and copied for every test with the places that its files name put right."""
    path, origin = tmp_path / "runs" / "one", kept_run / "origin.txt"
    if not origin.exists():
        assert run(optimize.main, *run_arguments, monkeypatch=monkeypatch) == 0
        path.rename(kept_run / "one")
        origin.write_text(str(tmp_path))
    shutil.copytree(kept_run / "one", path)
    for name in ("config.json", "report.html"):
        (path / name).write_text((path / name).read_text().replace(origin.read_text(), str(tmp_path)))
    return RunFolder(path)


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one run of a module's tests is kept; those of another may have other data."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one study of these tests is kept."""
    return tmp_path_factory.mktemp("studies")


@pytest.fixture
def study_folder(arguments: list[object], studies: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished study of eight cells: made once, and put back as it was for every test."""
    folder, kept = studies / "one", studies / "kept"
    if not kept.exists():
        lists = ["--modes", "Single,SSC", "--gates", "none,mae", "--seeds", "0,1", "--yes", "--runs-dir", studies]
        assert run(study.main, *arguments, *lists, monkeypatch=monkeypatch) == 0
        folder.rename(kept)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder)
    return folder
