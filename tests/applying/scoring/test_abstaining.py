"""Confidence files: where they come from, what they hold, and what score.py abstains on by them."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics.selective import Graded, choose
from programs import evaluate, optimize
from programs.applying.confidence import Abstention, Held
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from tests.applying.scoring.conftest import NAMES, read, small_task
from tests.commands import NAMES as OWN
from tests.commands import own_task, run
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm

Scored = Callable[..., int]
FLAGS = ["--readout", "expected"]


def write_rated(path: Path) -> Path:
    """300 rated rows of 150 documents."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["doc", "text", *NAMES])
        writer.writerows((f"d{place // 2}", f"text {place}", 1 + place % 3, place % 4) for place in range(300))
    return path


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    return write_rated(tmp_path / "rated.csv")


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> Scored:
    return lambda *arguments: run(evaluate.main, *arguments, monkeypatch=monkeypatch)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file that evaluate.py makes of the rated rows."""
    folder = tmp_path_factory.mktemp("fitted")
    save_judge(Judge(small_task()), folder / "judge.json")
    with pytest.MonkeyPatch.context() as patch:
        engine = DoubtfulEngine(by_text)
        patch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
        arguments = [folder / "judge.json", "--data", write_rated(folder / "rated.csv"), *FLAGS]
        assert run(evaluate.main, *arguments, "--curve", folder / "c.json", monkeypatch=patch) == 0
    return (folder / "c.json").read_text()


@pytest.fixture
def curve(fitted: str, tmp_path: Path) -> Path:
    """It, beside the judge, where score.py looks for it."""
    (tmp_path / "confidence.json").write_text(fitted)
    return tmp_path / "confidence.json"


def by_text(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """Of `kind` what is rated, so that 1, which the engine never doubts, is right and the others are a half off."""
    number = int(user.split("text ")[1].split("\n")[0])
    return 1 + number % 3 if name == "kind" else levels[number * 7 % 4]


def held(curve: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(curve.read_text())["fitted"]["criteria"]
    return found


def test_it_holds_every_confidence_and_error_and_no_text(curve: Path, rated: Path) -> None:
    rows, found = read(rated), held(curve)
    digits = [1 + place % 3 for place in range(300)]
    assert found["kind"]["span"] == 2
    assert found["kind"]["error"] == [
        abs((digit + 1) / 2 - int(row["kind"])) for digit, row in zip(digits, rows, strict=True)
    ]
    expected = {1: 1.0, 2: 1 - 0.5 / 2, 3: 1 - 1 / 2}  # half a level, and one, from the mean of two levels
    assert found["kind"]["confidence"] == [expected[digit] for digit in digits]
    assert found["kind"]["cluster"] == [place // 2 for place in range(300)]
    assert "text" not in curve.read_text().replace("context", "")


def test_the_curve_is_shown_and_points_are_of_the_numbers(
    judge: Path, rated: Path, tmp_path: Path, evaluated: Scored, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.json"
    assert evaluated(judge, "--data", rated, "--curve", path) == 0
    assert "mean absolute error by confidence, 300 rated rows" in capsys.readouterr().out
    for name in NAMES:
        part = held(path)[name]
        confidence, error = np.array(part["confidence"]), np.array(part["error"])
        for point in part["curve"]:
            kept = confidence > (-1 if point["threshold"] is None else point["threshold"])
            assert (point["kept"], point["error"]) == (kept.sum(), pytest.approx(error[kept].mean()))


def test_scores_below_the_threshold_are_left_out_marked_and_counted(
    curve: Path, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    engine.score = by_text_of_texts
    risk, out = 0.45, tmp_path / "out.csv"
    part = held(curve)["kind"]
    graded = Graded(*(np.array(part[name]) for name in ("confidence", "error", "cluster")), span=2.0)
    chosen = choose(graded, risk)
    assert chosen is not None
    assert chosen.threshold is not None
    assert scored(judge, "--data", texts, "--out", out, *FLAGS, "--abstain", risk) == 0
    printed = capsys.readouterr().out
    rows = read(out)
    for row in rows:
        kept = float(row["kind_confidence"]) > chosen.threshold
        assert row["kind_abstained"] == str(int(not kept))
        assert bool(row["kind_score"]) == kept
        assert row["kind_digit"]  # what it would have said can still be read
    abstained = sum(row["kind_abstained"] == "1" for row in rows)
    assert 0 < abstained < 23
    assert all(row["clear_abstained"] == "1" for row in rows)
    assert "every score is abstained on: clear" in printed
    counts = json.loads((tmp_path / "out.csv.json").read_text())["scores"]
    assert (counts["kind"]["abstained"], counts["kind"]["scored"]) == (abstained, 23 - abstained)


def by_text_of_texts(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    return by_text(name, system, user.replace("\r", ""), levels)


def test_a_score_without_a_confidence_never_stands_and_an_unscored_one_is_none(
    curve: Path, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine
) -> None:
    replies = {"text 3": '{"kind":2}', "text 4": '{"kind": 2, "clear": 1, "kind": 2} {"kind": 2, "clear": 1}'}
    engine.reply = lambda asked: next((reply for words, reply in replies.items() if words + "\r" in asked.user), None)
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv", *FLAGS, "--abstain", 3) == 0
    rows = read(tmp_path / "out.csv")
    assert (rows[3]["clear_score"], rows[3]["clear_abstained"]) == ("", "0")
    assert (rows[4]["kind_score"], rows[4]["kind_confidence"], rows[4]["kind_abstained"]) == ("", "", "1")
    assert rows[5]["kind_score"]  # the risk is the scale's width: whatever has a confidence stands


def test_an_abstention_knows_all_none_and_over() -> None:
    graded = Graded(np.array([0.9]), np.array([1.0]), np.array([0]), 2.0)
    point = choose(graded, 2.0)
    assert point is not None
    chosen = Abstention(1, {"all": point, "none": None}, Held("rows", 1, {}))
    assert chosen.thresholds == {"all": "all", "none": "none"}
    assert chosen.keeps("all", 0.0)
    assert not chosen.keeps("all", None)
    assert not chosen.keeps("none", 1.0)


BAD = {
    "zero": (["--abstain", "0"], "no judge is without error"),
    "negative": (["--abstain", "-1"], "out of range"),
    "no number": (["--abstain", "low"], "not a number"),
    "curve alone": (["--curve", "confidence.json"], "give --abstain too"),
    "no file": (["--abstain", "1", "--curve", "none.json"], "evaluate.py"),
    "no json": (["--abstain", "1", "--curve", "texts.csv"], "is no file of confidences"),
    "a judge": (["--abstain", "1", "--curve", "judge.json"], "is no file of confidences"),
    "no probabilities": (
        ["--abstain", "1", "--readout", "digits", "--probabilities", "off"],
        "needs token probabilities",
    ),
    "another readout": (["--abstain", "1", "--readout", "digits"], "another readout, expected (now digits)"),
    "another judge": (["--abstain", "1", "--curve", "other.json"], "another judge"),
    "another lm": (["--abstain", "1", "--curve", "lm.json"], "another lm, nobody (now fake/model)"),
    "damaged": (["--abstain", "1", "--curve", "damaged.json"], "damaged.json is damaged"),
    "a cluster far off": (["--abstain", "1", "--curve", "far.json"], "far.json is damaged"),
    "a number too large": (["--abstain", "1", "--curve", "large.json"], "large.json is damaged"),
    "unequal": (["--abstain", "1", "--curve", "unequal.json"], "do not fit together"),
    "expectations need them": (["--probabilities", "off"], "expectations are read from them"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_abstained_by_is_one_line_and_nothing_is_asked(
    case: str, curve: Path, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    stored = json.loads(curve.read_text())
    broken = json.loads(curve.read_text())
    broken["fitted"]["criteria"]["kind"]["error"].pop()
    far, large = json.loads(curve.read_text()), json.loads(curve.read_text())
    far["fitted"]["criteria"]["kind"]["cluster"][0] = 10**12
    large["fitted"]["criteria"]["kind"]["cluster"][0] = 2**63
    for name, content in {
        "other": stored | {"judge": "x"}, "lm": stored | {"lm": "nobody"}, "damaged": stored | {"fitted": 3},
        "unequal": broken, "far": far, "large": large,
    }.items():  # fmt: skip
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    flags, words = BAD[case]
    capsys.readouterr()
    assert scored(judge, "--data", texts, "--out", "out.csv", *FLAGS, *flags) == 2
    printed = capsys.readouterr().err
    assert words in printed
    assert printed.count("\n") == 1
    assert not engine.asked
    assert not list(tmp_path.glob("out.csv*"))


def test_no_curve_is_made_of_replies_without_probabilities_or_over_other_files(
    judge: Path, rated: Path, tmp_path: Path, evaluated: Scored, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for target in (judge, rated, tmp_path / "no" / "c.json"):
        kept = target.read_bytes() if target.exists() else None
        assert evaluated(judge, "--data", rated, "--curve", target) == 2
        assert "--curve" in capsys.readouterr().err
        assert (target.read_bytes() if target.exists() else None) == kept
    assert not engine.asked
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(FakeEngine()))
    assert evaluated(judge, "--data", rated, "--curve", tmp_path / "c.json") == 2
    assert "no reply of fake/model held the probabilities" in capsys.readouterr().err
    assert not (tmp_path / "c.json").exists()


def test_a_run_by_expectations_leaves_its_confidences_without_a_call(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scored: Scored, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = DoubtfulEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    sizes = ["--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "1", "--reserve", "0"]
    runs = ["--runs-dir", tmp_path, "--run", "one"]
    assert run(optimize.main, *own_task(table), *sizes, *runs, *FLAGS, monkeypatch=monkeypatch) == 0
    folder, asked = tmp_path / "one", len(engine.asked)
    summary = json.loads((folder / "summary.json").read_text())
    assert sum(tally["calls"] for tally in summary["calls"].values()) == asked
    found, tested = (json.loads((folder / name).read_text()) for name in ("confidence.json", "scores.json"))
    for column, name in enumerate(OWN):
        kept, human = (np.array(rows)[:, column] for rows in (tested["judges"]["kept"], tested["human"]))
        assert found["checked"]["criteria"][name]["error"] == pytest.approx(np.abs(kept - human).tolist())
        assert len(found["fitted"]["criteria"][name]["error"]) == 12
    out = tmp_path / "out.csv"
    capsys.readouterr()
    assert scored(folder, "--data", table, "--out", out, "--abstain", 4, "--reuse", "on") == 0
    printed = capsys.readouterr().out
    assert "fitted on the run's validation rows, which also chose the judge; checked on its test rows" in printed
    assert "checked: kept" in printed
    before = out.read_bytes()
    assert run(optimize.main, "--resume", folder, monkeypatch=monkeypatch) == 0
    assert "confidence, which score.py --abstain RISK goes by" in capsys.readouterr().out
    assert out.read_bytes() == before


def test_a_run_by_digits_leaves_none(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = ["--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "0"]
    runs = ["--runs-dir", tmp_path, "--run", "one"]
    assert run(optimize.main, *own_task(table), *sizes, *runs, monkeypatch=monkeypatch) == 0
    assert not (tmp_path / "one" / "confidence.json").exists()
