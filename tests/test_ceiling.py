"""The ceiling as a user meets it: runs, evaluations, pages and studies with raters, and one line without them."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics.ceiling import JUDGE, RATERS, ceiling
from programs import compare, evaluate, optimize, report, study
from programs.ceiling_tables import UNKNOWN, limit_rows
from programs.optimizer.tested import read_tested
from tests.commands import SIZES, answered_by, own_task, refused, run
from tests.fake import FakeEngine

CRITERIA = "helpful:1-5@helpful_a,helpful_b,helpful_c,polite:0-3@polite_a,polite_b,polite_c"
OWN = ["--inputs", "question,answer", "--group", "doc", "--row", "key"]


def scores_of(place: int) -> dict[str, list[float | None]]:
    """Three raters' scores by criterion; the third leaves some rows out."""
    random = np.random.default_rng(place)
    found = {}
    for name, low, high in (("helpful", 1, 5), ("polite", 0, 3)):
        middle = low + place * (3 if low else 7) % (high - low + 1)
        given = np.clip(np.round(middle + 0.6 * random.normal(size=3)), low, high).tolist()
        found[name] = [*given[:2], None if place % 4 == 0 else given[2]]
    return found


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """60 rows of 20 documents with three raters a criterion."""
    return write_wide(tmp_path)


def write_wide(folder: Path) -> Path:
    header = ["key", "doc", "question", "answer", *(f"{name}_{who}" for name in ("helpful", "polite") for who in "abc")]
    rows = [[f"k{place}", f"d{place % 20}", "Why?", f"answer {place}", *_cells(place)] for place in range(60)]
    return written(folder / "wide.csv", header, rows)


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """The same scores, one row a rating."""
    rows = [
        [f"k{place}", who, name, score]
        for place in range(60)
        for name, scores in scores_of(place).items()
        for who, score in zip("abc", scores, strict=True)
        if score is not None
    ]
    return written(tmp_path / "ratings.csv", ["key", "rater", "criterion", "score"], rows)


def _cells(place: int) -> list[float | str]:
    return ["" if score is None else score for scores in scores_of(place).values() for score in scores]


def written(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on rows with raters. Not to be changed, nor its rows."""
    folder = tmp_path_factory.mktemp("rated")
    with answered_by(FakeEngine) as patch:
        return started(write_wide(folder), folder, patch)


@pytest.fixture
def one(made_once: Path, tmp_path: Path, engine: FakeEngine) -> Path:
    """A copy of that run."""
    return Path(shutil.copytree(made_once, tmp_path / "runs" / "one"))


def started(wide: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    arguments = ["--data", wide, *OWN, "--criteria", CRITERIA, *SIZES, "--run", "one", "--runs-dir", folder / "runs"]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    return folder / "runs" / "one"


def test_a_runs_summary_holds_the_ceiling_of_its_test_rows(one: Path) -> None:
    found = json.loads((one / "summary.json").read_text())["ceiling"]
    tested = read_tested(one / "scores.json")
    assert tested.raters is not None
    assert tested.raters.shape == (16, 2, 3)
    np.testing.assert_allclose(np.nanmean(tested.raters, axis=2), tested.human)
    again = ceiling({"before": tested.scores("0"), "after": tested.scores("kept")}, resamples=10)
    for part in ("raters", "judges"):
        assert _values(found[part]) == pytest.approx(_values(again[part]), nan_ok=True)
    assert found["panel"]["helpful"]["raters"] == 3
    assert found["raters"]["one_rater"]["helpful"]["value"] > 0.5


def test_a_run_says_who_its_raters_are_and_shows_the_ceiling(
    wide: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started(wide, tmp_path, monkeypatch)
    printed = capsys.readouterr()
    assert "the rating is the mean of its raters: helpful helpful_a, helpful_b, helpful_c; polite" in printed.err
    for words in ("noise ceiling", "one more rater", "share of a perfect judge, after", "relabel.csv"):
        assert words in printed.out
    assert "ceiling unknown" not in printed.out


def _values(part: Any) -> list[float]:
    """All values of nested cells, in order; None is NaN."""
    if not isinstance(part, dict):
        return []
    if "value" in part:
        return [np.nan if part["value"] is None else part["value"]]
    return [value for each in part.values() for value in _values(each)]


def test_relabel_lists_the_test_ratings_on_which_raters_differ(one: Path) -> None:
    with (one / "relabel.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    priorities = [float(row["priority"]) for row in rows]
    assert priorities == sorted(priorities, reverse=True)
    for row in rows:
        known = [score for score in scores_of(int(row["row"][1:]))[row["criterion"]] if score is not None]
        assert [float(score) for score in row["raters"].split()] == known
        assert float(row["rating"]) == pytest.approx(np.mean(known), abs=1e-3)
        assert len(set(known)) > 1
    tested = read_tested(one / "scores.json")
    assert tested.raters is not None
    assert len(rows) == int((np.nanmax(tested.raters, axis=2) > np.nanmin(tested.raters, axis=2)).sum())


def test_its_page_shows_ceiling_shares_and_doubtful_ratings_and_is_made_again_from_files(
    wide: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = started(wide, tmp_path, monkeypatch)
    page = (one / "report.html").read_text()
    for words in ("How much agreement there can be", "Share of the ceiling, after", "Ratings worth a further opinion",
                  "Texts of these rows", "perfect judge", "relabel.csv"):  # fmt: skip
        assert words in page, words
    assert run(report.main, one, monkeypatch=monkeypatch) == 0
    assert (one / "report.html").read_text() == page
    wide.unlink()
    (one / "relabel.csv").unlink()
    assert run(report.main, one, monkeypatch=monkeypatch) == 0
    bare = (one / "report.html").read_text()
    assert "Ratings worth a further opinion" in bare
    assert "(hashed)" in bare
    assert "Texts of these rows" not in bare


def test_without_raters_one_line_says_so(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*own_task(table), *SIZES, "--run", "plain", "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out.count(UNKNOWN) == 1
    folder = tmp_path / "plain"
    found = json.loads((folder / "summary.json").read_text())["ceiling"]
    assert (found["known"], list(found)) == (False, ["known", "ties"])
    assert not (folder / "relabel.csv").exists()
    assert "Ceiling unknown" in (folder / "report.html").read_text()
    assert run(evaluate.main, folder, "--data", table, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out.count(UNKNOWN) == 1


def test_a_run_of_an_earlier_version_is_shown_and_reported(
    one: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = json.loads((one / "summary.json").read_text())
    del summary["ceiling"]
    (one / "summary.json").write_text(json.dumps(summary))
    assert run(report.main, one, monkeypatch=monkeypatch) == 0
    assert "made by an earlier version, which did not look for a ceiling" in (one / "report.html").read_text()
    capsys.readouterr()
    assert run(optimize.main, "--resume", one, monkeypatch=monkeypatch) == 0
    assert "noise ceiling" not in capsys.readouterr().out


@pytest.mark.parametrize("shape", ["columns", "ratings", "the judge's own task, ratings", "a row a rating"])
def test_evaluate_says_the_same_of_every_shape(
    shape: str, one: Path, wide: Path, ratings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    plain = ["--criteria", "helpful:1-5,polite:0-3"]
    rows = [
        [f"k{place}", f"d{place % 20}", "Why?", f"answer {place}", "abc"[who], *("" if each[who] is None else each[who]
         for each in scores_of(place).values())]
        for place in range(60) for who in range(3)
    ]  # fmt: skip
    long = written(tmp_path / "long.csv", ["key", "doc", "question", "answer", "who", "helpful", "polite"], rows)
    flags: dict[str, list[object]] = {
        "columns": ["--data", wide],
        "ratings": ["--data", wide, *OWN, *plain, "--ratings", ratings],
        "the judge's own task, ratings": ["--data", wide, "--ratings", ratings],
        "a row a rating": ["--data", long, *OWN, *plain, "--rater", "who"],
    }
    capsys.readouterr()
    assert run(evaluate.main, one, *flags[shape], "--out", tmp_path / "out.json", monkeypatch=monkeypatch) == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert list(found["ceiling"]["judges"]["judge"]) == list(JUDGE)
    assert list(found["ceiling"]["raters"]) == list(RATERS)
    assert found["ceiling"]["panel"]["polite"] == {"raters": 3, "rows": 60, "scores": 165}
    assert found["relabel"][0]["priority"] == max(each["priority"] for each in found["relabel"])
    printed = " ".join(capsys.readouterr().out.split())  # a title wraps at its table's width
    assert (
        f"10 of {len(found['relabel'])} ratings on which raters differ, most doubtful first (--out has all)" in printed
    )
    assert "share of a perfect judge" in printed
    assert run(evaluate.main, one, "--data", wide, "--out", tmp_path / "columns.json", monkeypatch=monkeypatch) == 0
    columns = json.loads((tmp_path / "columns.json").read_text())
    assert _values(found["ceiling"]) == pytest.approx(_values(columns["ceiling"]))
    assert found["relabel"] == columns["relabel"]


def test_a_comparison_has_every_judges_share(
    one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(one, tmp_path / "runs" / "two")
    arguments = [
        one,
        tmp_path / "runs" / "two",
        "--names",
        "old,new",
        "--out",
        tmp_path / "c.json",
        "--html",
        tmp_path / "c.html",
    ]
    assert run(compare.main, *arguments, monkeypatch=monkeypatch) == 0
    found = json.loads((tmp_path / "c.json").read_text())["ceiling"]
    summary = json.loads((one / "summary.json").read_text())["ceiling"]
    assert _values(found["raters"]) == pytest.approx(_values(summary["raters"]), nan_ok=True)
    assert list(found["judges"]) == ["old", "new"]
    assert _values(found["judges"]["new"]) == pytest.approx(_values(summary["judges"]["after"]), nan_ok=True)
    assert "share of a perfect judge, new" in capsys.readouterr().out
    assert "Share of the ceiling, old" in (tmp_path / "c.html").read_text()


def test_the_mean_of_ties_leaves_out_criteria_without_a_ceiling() -> None:
    ties = {"mean": 0.85, "helpful": 0.9, "polite": 0.8}
    cell = {"value": 0.5, "low": None, "high": None, "n": 60, "undefined": 0}
    found = {
        "raters": {measure: {"mean": cell, "helpful": cell} for measure in RATERS},
        "panel": {"helpful": {"raters": 3, "rows": 60, "scores": 165}},
        "ties": {"spearman": ties},
        "unknown": ["polite"],
    }
    header, rows = limit_rows(found)
    assert [row[header.index("ties alone")] for row in rows] == [".900", ".900"]
    ties["helpful"] = None
    assert [row[header.index("ties alone")] for row in limit_rows(found)[1]] == ["undefined", "undefined"]


BAD: dict[str, tuple[list[str], str]] = {
    "both": (["--criteria", "helpful:1-5@a,b", "--ratings", "r.csv"], "--criteria name raters' columns, and --ratings"),
    "one rater": (["--criteria", "helpful:1-5@a"], "'a' only"),
    "no such file": (["--criteria", "helpful:1-5", "--ratings", "none.csv"], "none.csv: cannot be read"),
    "no such rater column": (["--criteria", "helpful:1-5", "--rater", "who"], "no column 'who'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_raters_are_one_line_before_any_call(
    case: str, wide: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD[case]
    assert run(optimize.main, "--data", wide, *OWN, *arguments, monkeypatch=monkeypatch) == 2
    refused(words, tmp_path, engine, capsys)


def test_ratings_off_the_named_task_need_its_row_ids(
    ratings: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(optimize.main, "--task", "sample", "--ratings", ratings, monkeypatch=monkeypatch) == 2
    refused("no column 'id' or 'row_id'", tmp_path, engine, capsys)


def test_a_run_with_a_table_of_ratings_resumes_from_anywhere_and_refuses_changed_ratings(
    wide: Path, ratings: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    flags = ["--data", "wide.csv", *OWN, "--criteria", "helpful:1-5,polite:0-3", "--ratings", "ratings.csv", *SIZES]
    assert run(optimize.main, *flags, "--run", "long", "--max-calls", 20, monkeypatch=monkeypatch) == 0
    monkeypatch.chdir("/")
    folder = tmp_path / "runs" / "long"
    text = ratings.read_text()
    ratings.write_text(text.rsplit("\n", 2)[0] + "\n")  # one score less
    assert run(optimize.main, "--resume", folder, monkeypatch=monkeypatch) == 2
    assert "have changed" in capsys.readouterr().err
    ratings.write_text(text)
    assert run(optimize.main, "--resume", folder, monkeypatch=monkeypatch) == 0
    assert json.loads((folder / "summary.json").read_text())["ceiling"]["known"]


def test_a_study_has_the_ceiling_and_every_configurations_share(
    wide: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = ["--modes", "SSC", "--gates", "none,mae", "--seeds", "0,1", "--yes", "--run", "s", "--runs-dir", tmp_path]
    arguments = ["--data", wide, *OWN, "--criteria", CRITERIA, *SIZES[:-2], "--steps", 1, *lists]
    assert run(study.main, *arguments, monkeypatch=monkeypatch) == 0
    folder = tmp_path / "s"
    text = (folder / "tables.md").read_text()
    assert "## Noise ceiling" in text
    assert "| mode | gate | share of a perfect judge |" in text
    with (folder / "tables.csv").open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["table"] == "ceiling"]
    for gate in ("none", "mae"):
        tested = [read_tested(folder / "cells" / f"custom-SSC-{gate}-{seed}" / "scores.json") for seed in (0, 1)]
        single = [ceiling({"after": each.scores("kept")}, resamples=2) for each in tested]
        for what, part in (("raters", RATERS), ("after", JUDGE)):
            for measure in part:
                (line,) = [
                    each for each in lines
                    if (each["gate"], each["metric"], each["criterion"]) == (gate, measure, "helpful")
                ]  # fmt: skip
                assert line["what"] == what
                own = [
                    (each["raters"] if what == "raters" else each["judges"]["after"])[measure]["helpful"]
                    for each in single
                ]
                assert float(line["value"]) == pytest.approx(np.mean([each["value"] for each in own]))
                assert int(line["n"]) == sum(each["n"] for each in own) == 32
    assert "Noise ceiling" in (folder / "report.html").read_text()


def test_a_study_without_raters_says_so_in_a_line(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = ["--modes", "SSC", "--gates", "none", "--seeds", "0", "--yes", "--run", "s", "--runs-dir", tmp_path]
    assert run(study.main, *own_task(table), *SIZES, *lists, monkeypatch=monkeypatch) == 0
    assert "Ceiling unknown: no row of the data has the scores of two raters." in (tmp_path / "s/tables.md").read_text()


def test_ratings_go_with_one_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--tasks", "sample,brighter", "--ratings", "r.csv", "--yes", "--runs-dir", tmp_path]
    assert run(study.main, *arguments, monkeypatch=monkeypatch) == 2
