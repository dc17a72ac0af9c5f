"""A study's report.html: written with its tables, and made again from the files alone, whatever of them is there."""

import html
import json
import re
from pathlib import Path

import pytest

from programs import report
from programs.records.folder import RunFolder
from tests.commands import run
from tests.fake import FakeEngine
from tests.reports.markup import Page

SMALL = ("summary.json", "scores.json", "lengths.json", "cost.json")


def keep_small_files_only(study: Path) -> None:
    for path in (study / "cells").rglob("*"):
        if path.is_file() and path.name not in SMALL:
            path.unlink()


def test_page_and_tables_are_made_again_without_a_call(
    study_folder: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("report.html", "tables.md", "tables.csv")
    first, asked = [(study_folder / name).read_bytes() for name in names], len(engine.asked)
    for name in names:
        (study_folder / name).unlink()
    assert run(report.main, study_folder, monkeypatch=monkeypatch) == 0
    assert [(study_folder / name).read_bytes() for name in names] == first
    assert len(engine.asked) == asked


def test_lm_text_stays_text(study_folder: Path) -> None:
    page = (study_folder / "report.html").read_text()
    assert "<script>window.hacked" not in page
    assert "<img src=x" not in page
    assert html.escape("<script>window.hacked=1</script>") in page  # in the kept rubrics
    assert "{{ 7*7 }}" in page
    assert page.count("plotly.js v") == 1
    parsed = Page(study_folder / "report.html")
    assert not parsed.wrong
    assert {tag for tag, _ in parsed.active} == {"meta", "link", "style", "script"}
    assert len(parsed.scripts) == 2


def test_of_small_json_the_page_leaves_out_what_needs_more_and_says_so(
    study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (study_folder / "tables.md").read_text()
    keep_small_files_only(study_folder)
    assert run(report.main, study_folder, monkeypatch=monkeypatch) == 0
    page, tables = ((study_folder / name).read_text() for name in ("report.html", "tables.md"))
    assert page.count("Left out: no text of a rubric is here") == 1
    assert "The single decisions are left out" in page
    assert "Some cells have only their small JSON files here" in page
    for title in (
        "Agreement",
        "Trajectories",
        "Several criteria at once",
        "Length asymmetry",
        "Calls and tokens",
        "Coverage",
    ):
        assert section(tables, title) == section(whole, title), title


def test_cells_without_costs_are_named(study_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_small_files_only(study_folder)
    (study_folder / "cells" / "custom-SSC-mae-1" / "cost.json").unlink()
    assert run(report.main, study_folder, monkeypatch=monkeypatch) == 0
    assert "Not counted, since no cost.json is here: custom-SSC-mae-1." in (study_folder / "report.html").read_text()


def test_damaged_files_of_a_cell_are_one_line(
    study_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = study_folder / "cells" / "custom-SSC-mae-1"
    for name, content in (("cost.json", "[]"), ("steps.jsonl", '{"step": 0}\n'), ("scores.json", "{}")):
        (cell / name).write_text(content)
        capsys.readouterr()
        assert run(report.main, study_folder, monkeypatch=monkeypatch) == 2, name
        printed = capsys.readouterr().err
        assert printed.startswith("error: ")
        assert printed.count("\n") == 1


def test_cells_without_their_study_file_are_one_line(
    study_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (study_folder / "study.json").unlink()
    assert run(report.main, study_folder, monkeypatch=monkeypatch) == 2
    assert "has cells but no study.json" in capsys.readouterr().err


def test_a_study_without_a_finished_cell_has_no_page(
    study_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (study_folder / "cells").glob("*/summary.json"):
        path.unlink()
    assert run(report.main, study_folder, monkeypatch=monkeypatch) == 2
    assert "no cell of" in capsys.readouterr().err


def section(tables: str, title: str) -> str:
    """A section of tables.md."""
    return tables.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_plotly_knows_every_word_of_every_figure(study_folder: Path, run_folder: RunFolder) -> None:
    import plotly.graph_objects as go  # a second, in this test alone

    drawn = [each for page in (study_folder / "report.html", run_folder.report) for each in figures(page)]
    assert len(drawn) > 20
    for each in drawn:
        go.Figure(each)  # raises ValueError for a property that does not exist or cannot have its value


def figures(page: Path) -> list[dict[str, object]]:
    """What plotly draws on a page."""
    found = re.findall(r'<script type="application/json" [^>]*>(.*?)</script>', page.read_text(), flags=re.DOTALL)
    return [json.loads(each) for each in found]
