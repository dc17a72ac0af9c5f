"""interference.py on a fake LM: what was planted is found, nothing where nothing was, and no call is paid for twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from metrics.metric import METRICS
from programs.flags import METRIC_NAMES
from tests.fake import FakeEngine, fake_lm
from tests.studies.interference.conftest import Measure
from tests.studies.interference.planted import LONG, NAMES, PlantedEngine

PAIRS = [f"{a}|{b}" for a in NAMES for b in NAMES if a != b]


def result(path: Path, selection: str = "validation") -> dict[str, Any]:
    experiments = json.loads((path / "interference.json").read_text())["experiments"]
    (found,) = [one for one in experiments if one["selection"] == selection]
    return dict(found)


def difference(path: Path, name: str, criterion: str = "mean") -> dict[str, float]:
    return dict(result(path)["differences"][name]["pooled"]["spearman"][criterion])


def test_planted_interference_is_found_and_laid_at_the_right_door(
    path: Path, engine: PlantedEngine, measure: Measure
) -> None:
    assert measure("--yes") == 0
    assert difference(path, "alone_minus_initial")["low"] > 0
    assert difference(path, "joined_minus_alone")["high"] < 0
    hurt = {name for name in PAIRS if result(path)["pairs"][name]["q"] < 0.05}
    assert hurt == {f"{name}|{LONG}" for name in NAMES if name != LONG}
    assert all(result(path)["pairs"][name]["high"] < 0 for name in hurt)
    for name in set(NAMES) - {LONG}:  # its own rubric is the same, only the others' are longer
        assert difference(path, "joined_minus_among_short", name)["high"] < 0
    assert result(path)["length"]["slope"]["low"] > 0
    selected = result(path)["selected"]
    assert selected[LONG]["tokens"] > 60 > selected[LONG]["others_tokens"]
    assert all(selected[name]["others_tokens"] > 60 for name in set(NAMES) - {LONG})


def test_where_nothing_is_planted_nothing_is_found(path: Path, engine: PlantedEngine, measure: Measure) -> None:
    engine.harm = 0
    assert measure("--yes") == 0
    for name in ("joined_minus_alone", "joined_minus_among_short"):
        found = difference(path, name)
        assert found["low"] < 0 < found["high"]
    assert min(result(path)["pairs"][name]["q"] for name in PAIRS) > 0.05
    assert result(path)["length"]["slope"]["low"] < 0 < result(path)["length"]["slope"]["high"]


def test_what_is_paid_for_is_not_asked_again_and_the_rest_is_what_was_said(
    path: Path, engine: PlantedEngine, measure: Measure, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure("--yes") == 0
    assert len(engine.asked) == len({(one.system, one.user) for one in engine.asked})
    most = int(capsys.readouterr().err.split("at most ")[1].split(" LM calls")[0].replace(",", ""))
    # joined, 3 among short, 3 pairs, and alone those of the other seed; initial rubrics and validation are paid for
    assert 7 * 48 <= len(engine.asked) <= 10 * 48
    assert len(engine.asked) <= most
    costs = json.loads((path / "interference.json").read_text())["costs"]
    assert costs["judge"]["sent_calls"] == len(engine.asked)
    assert costs["judge"]["asked_calls"] > len(engine.asked)
    before = (path / "interference.json").read_bytes(), (path / "tables.md").read_bytes()
    engine.asked.clear()
    assert measure() == 0  # nothing to pay, so nothing to agree to
    assert not engine.asked
    assert ((path / "interference.json").read_bytes(), (path / "tables.md").read_bytes()) == before


def test_the_papers_selection_is_labelled_and_biased_by_construction(
    path: Path, engine: PlantedEngine, measure: Measure
) -> None:
    assert measure("--yes", "--pairs", "off") == 0
    assert measure("--yes", "--pairs", "off", "--selection", "test") == 0
    unbiased, biased = result(path), result(path, "test")
    assert biased["optimism"] == pytest.approx(0)  # the reported value is the selected one
    for name in NAMES:
        best, other = (one["arms"]["alone"]["pooled"]["spearman"][name]["value"] for one in (biased, unbiased))
        assert best >= other
    assert (biased["pairs"], biased["length"]) == (None, None)
    text = (path / "tables.md").read_text()
    assert "*alone* is biased upward" in text
    assert text.count("## Table 2") == 2
    assert "| 0.305 |" in text
    table = (path / "tables.csv").read_text()
    assert "interference_test,custom,Single,mae" in table
    assert "interference_validation,custom,Single,mae" in table


@pytest.mark.parametrize("reason", ["interrupted", "budget"])
def test_a_stopped_one_continues_without_repeating_a_call(
    reason: str, path: Path, engine: PlantedEngine, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "budget":
        assert measure("--yes", "--max-calls", 100) == 0
    else:
        interrupt_after(100, engine, monkeypatch)
        assert measure("--yes") == 130
    assert not (path / "interference.json").exists()
    assert len(engine.asked) == 100
    again = PlantedEngine(engine.harm)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(again))
    assert measure("--yes") == 0
    assert not {(one.system, one.user) for one in engine.asked} & {(one.system, one.user) for one in again.asked}
    costs = json.loads((path / "interference.json").read_text())["costs"]
    assert costs["judge"]["sent_calls"] == 100 + len(again.asked)


def interrupt_after(calls: int, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = engine.complete

    def complete(request: Any) -> Any:
        if len(engine.asked) >= calls:
            raise KeyboardInterrupt
        return answer(request)

    monkeypatch.setattr(engine, "complete", complete)


def test_rows_bound_the_test_rows_and_no_text_is_kept(path: Path, engine: PlantedEngine, measure: Measure) -> None:
    assert measure("--yes", "--rows", 20, "--metric", "mae") == 0
    found = result(path)
    assert found["rows"]["used"] == found["arms"]["joined"]["coverage"]["kind"]["rows"] == 20
    assert found["metric"] == "mae"
    text = (path / "interference.json").read_text()
    assert "text 1" not in text
    assert "Judge how" not in text


BAD = {
    "nobody to answer": ([], "add --yes"),
    "another LM": (["--lm", "openai/other", "--yes"], "differs from the study's"),
    "no such metric": (["--metric", "spearmann"], "invalid choice"),
    "no rows": (["--rows", "0"], "out of range"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(
    case: str, path: Path, engine: PlantedEngine, measure: Measure, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, words = BAD[case]
    assert measure(*arguments) == 2
    refused(words, capsys)
    assert not engine.asked
    assert not (path / "interference").exists()


def test_what_cannot_be_measured_is_one_line(
    path: Path, engine: PlantedEngine, measure: Measure, capsys: pytest.CaptureFixture[str]
) -> None:
    (path / "interference.json").write_text("[]")
    assert measure("--yes", "--rows", 6, "--pairs", "off") == 2
    refused("interference.json is damaged", capsys)
    assert not engine.asked
    for summary in path.glob("cells/*Single*/summary.json"):
        summary.unlink()
    assert measure("--yes") == 2
    refused("no finished cell of mode Single", capsys)
    (path / "study.json").unlink()
    assert measure("--yes") == 2
    refused("there is no study", capsys)


def refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed = capsys.readouterr().err
    (line,) = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert words in line
    assert "Traceback" not in printed


def test_the_flags_know_every_metric() -> None:
    assert tuple(METRICS) == METRIC_NAMES
