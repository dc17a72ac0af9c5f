"""A study's small results: kept without a text or a place of this machine, and enough to make its tables again."""

import json
import shutil
from pathlib import Path

import pytest

from programs import report
from tests.commands import run


@pytest.fixture(scope="module")
def kept_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the results are that every test gets a copy of."""
    return tmp_path_factory.mktemp("kept") / "results"


@pytest.fixture
def kept(study_folder: Path, kept_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if not kept_once.exists():
        assert run(report.main, study_folder, "--results", kept_once, monkeypatch=monkeypatch) == 0
    return Path(shutil.copytree(kept_once, tmp_path / "results"))


def test_no_text_of_the_data_or_of_an_lm_is_kept(kept: Path) -> None:
    files = [path for path in (kept / "cells").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "summary.json", "scores.json", "cost.json", "lengths.json", "steps.jsonl", "timing.json",
    }  # fmt: skip
    for path in files:
        text = path.read_text()
        assert not any(word in text for word in ("hacked", "be strict", "answer ", "loss:", "gradient:")), path


def test_no_place_of_this_machine_is_kept(study_folder: Path, kept: Path) -> None:
    assert str(study_folder.parent) not in "".join(path.read_text() for path in kept.rglob("*.json"))
    assert json.loads((kept / "study.json").read_text())["study"]["data"] == ["rated.csv"]


def test_the_tables_are_those_of_the_study_without_its_folder(
    study_folder: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {name: (study_folder / name).read_text() for name in ("tables.csv", "tables.md")}
    shutil.rmtree(study_folder)
    for name in whole:
        (kept / name).unlink()
    assert run(report.main, kept, monkeypatch=monkeypatch) == 0
    assert (kept / "tables.csv").read_text() == whole["tables.csv"]
    assert "1 |" in whole["tables.md"] and "## Gates" in (kept / "tables.md").read_text()


def test_kept_again_after_more_cells_it_is_the_same_place(
    study_folder: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(report.main, study_folder, "--results", kept, monkeypatch=monkeypatch) == 0


def test_results_of_another_study_are_left_alone(
    study_folder: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = json.loads((kept / "study.json").read_text())
    stored["study"]["seeds"] = [7]
    (kept / "study.json").write_text(json.dumps(stored))
    (study_folder / "tables.md").unlink(missing_ok=True)
    for folder in (kept, tmp_path):
        capsys.readouterr()
        assert run(report.main, study_folder, "--results", folder, monkeypatch=monkeypatch) == 2
        assert f"--results {folder}" in capsys.readouterr().err
        assert not (study_folder / "tables.md").exists()  # refused before anything is written


def test_a_run_has_no_results_to_keep(
    study_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = next((study_folder / "cells").iterdir())
    assert run(report.main, cell, "--results", tmp_path / "x", monkeypatch=monkeypatch) == 2
    assert "--results goes with a study" in capsys.readouterr().err
