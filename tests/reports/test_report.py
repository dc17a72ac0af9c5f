"""A run's report.html: written at its end, made again from the files alone, and everything in it stays text."""

import html
import json
from pathlib import Path

import pytest

from programs import optimize, report
from programs.records.folder import RunFolder
from tests.commands import run
from tests.fake import FakeEngine
from tests.reports.conftest import PAYLOAD


def test_the_report_is_made_again_without_a_call(
    run_folder: RunFolder, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, asked = run_folder.report.read_bytes(), len(engine.asked)
    run_folder.report.unlink()
    capsys.readouterr()
    assert run(report.main, run_folder.path, monkeypatch=monkeypatch) == 0
    assert run_folder.report.read_bytes() == first
    assert len(engine.asked) == asked
    assert str(run_folder.report) in capsys.readouterr().out


def test_it_shows_all_parts(run_folder: RunFolder) -> None:
    page = run_folder.report.read_text()
    for words in ("before and after", "validation rows, by step", "test rows, by step", "Length of the rubrics",
                  "Decisions of the gate", "Losses (", "Gradients (", "against judge", "worst-judged", "Coverage",
                  "LM calls by role", "score.py", "load_judge"):  # fmt: skip
        assert words in page, words
    assert page.count("plotly.js v") == 1
    assert "http-equiv" in page


def test_a_script_in_data_labels_or_lm_texts_stays_text(run_folder: RunFolder) -> None:
    page = run_folder.report.read_text()
    assert "<script>window.hacked" not in page
    assert "<img src=x" not in page
    assert page.count(html.escape("<script>window.hacked=1</script>")) > 10
    assert "{{ 7*7 }}" in page
    assert PAYLOAD in json.loads(run_folder.config.read_text())["task"]["criteria"][0]["label"]


def test_texts_are_quoted_only_while_the_data_are_as_they_were(
    run_folder: RunFolder, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Its text is not at hand" not in run_folder.report.read_text()
    table.write_text(table.read_text().replace("answer 7", "another answer"))
    assert run(report.main, run_folder.path, monkeypatch=monkeypatch) == 0
    assert "Its text is not at hand" in run_folder.report.read_text()


def test_a_reached_budget_leaves_a_report_that_says_so(
    run_arguments: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(optimize.main, *run_arguments, "--max-calls", 5, monkeypatch=monkeypatch) == 0
    page = (tmp_path / "runs" / "one" / "report.html").read_text()
    assert "stopped early (budget)" in page
    assert "unscored" in page
    assert "No step was finished" in page


def test_ctrl_c_leaves_a_report(
    run_arguments: list[object], engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(asked: object) -> str | None:
        if len(engine.asked) >= 40:
            raise KeyboardInterrupt
        return None

    engine.reply = reply
    assert run(optimize.main, *run_arguments, monkeypatch=monkeypatch) == 130
    page = (tmp_path / "runs" / "one" / "report.html").read_text()
    assert "stopped early (interrupted)" in page
    assert "Kept: step 1, against the initial rubric" in page  # though its test, and so its line, was not finished


def test_an_undefined_metric_is_a_word(
    run_arguments: list[object], engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.score = lambda name, system, user, levels: levels[0]
    chosen = ["spearman" if each == "mae" else each for each in run_arguments]
    assert run(optimize.main, *chosen, monkeypatch=monkeypatch) == 0
    page = (tmp_path / "runs" / "one" / "report.html").read_text()
    assert "is undefined on" in page
    assert "<td>undefined</td>" in page


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("summary.json", "{"), ("summary.json", "[]"), ("summary.json", "{}"), ("summary.json", None),
        ("config.json", "{}"), ("steps.jsonl", '{"step": 0'), ("steps.jsonl", '{"step": 0}\n'), ("scores.json", "{}"),
    ],
)  # fmt: skip
def test_missing_and_damaged_files_are_one_line(
    name: str, content: str | None, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = run_folder.path / name
    path.unlink() if content is None else path.write_text(content)
    capsys.readouterr()
    assert run(report.main, run_folder.path, monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert str(run_folder.path) in printed


def test_a_run_older_than_its_scores_file_is_reported(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run_folder.scores.unlink()
    assert run(report.main, run_folder.path, monkeypatch=monkeypatch) == 0
    assert "made by an earlier version" in run_folder.report.read_text()
