"""interference.py on a fake LM: what was planted is found, nothing where nothing was, and no call is paid for twice."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import dspy
import pytest

from metrics.metric import METRICS
from programs import interference
from programs.flags import METRIC_NAMES
from programs.report_tables import cell_text
from programs.studies.findings import findings
from programs.studies.write import tasks_in
from tests.commands import run
from tests.fake import Asked, FakeEngine, fake_lm
from tests.studies.interference.conftest import Measure, Measured, measuring
from tests.studies.interference.planted import LONG, NAMES, PlantedEngine

SMALL = ["--yes", "--rows", "12", "--pairs", "off"]
PAIRS = [f"{a}|{b}" for a in NAMES for b in NAMES if a != b]


def result(path: Path, selection: str = "validation") -> dict[str, Any]:
    experiments = json.loads((path / "interference.json").read_text())["experiments"]
    (found,) = [one for one in experiments if one["selection"] == selection]
    return dict(found)


def difference(path: Path, name: str, criterion: str = "mean") -> dict[str, float]:
    return dict(result(path)["differences"][name]["pooled"]["spearman"][criterion])


def test_planted_interference_is_found_and_laid_at_the_right_door(measured: Measured) -> None:
    path = measured.path
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


def test_the_findings_say_so_in_words(measured: Measured) -> None:
    (task,) = tasks_in(measured.path)
    (sentence,) = [each for each in findings(task) if each.startswith("Instruction interference")]
    assert "selected on validation rows" in sentence
    assert f"Joined minus alone: {cell_text(difference(measured.path, 'joined_minus_alone'))}: worse (below" in sentence
    assert "Gradient dilution has not been measured here" in " ".join(findings(task))


def test_where_nothing_is_planted_nothing_is_found(
    finished: Path, tmp_path: Path, engine: PlantedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copytree(finished, tmp_path / "one"))
    engine.harm = 0
    assert measuring(path, monkeypatch)("--yes") == 0
    for name in ("joined_minus_alone", "joined_minus_among_short"):
        found = difference(path, name)
        assert found["low"] < 0 < found["high"]
    assert min(result(path)["pairs"][name]["q"] for name in PAIRS) > 0.05
    assert result(path)["length"]["slope"]["low"] < 0 < result(path)["length"]["slope"]["high"]


def test_only_what_nobody_has_paid_for_is_asked_and_counted(measured: Measured) -> None:
    asked = measured.asked
    assert len(asked) == len({(one.system, one.user) for one in asked})
    # joined, 3 among short, 3 pairs, and alone those of the other seed; initial rubrics and validation are paid for
    assert 7 * 48 <= len(asked) <= 10 * 48
    assert len(asked) <= measured.most
    costs = json.loads((measured.path / "interference.json").read_text())["costs"]
    assert costs["judge"]["sent_calls"] == len(asked)
    assert costs["judge"]["asked_calls"] > len(asked)


def test_measured_again_it_costs_nothing_and_is_the_same(
    measured: Measured, tmp_path: Path, engine: PlantedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copytree(measured.path, tmp_path / "again"))
    before = [(path / name).read_bytes() for name in ("interference.json", "tables.md", "tables.csv")]
    assert run(interference.main, path, monkeypatch=monkeypatch) == 0  # nothing to pay, so nothing to agree to
    assert not engine.asked
    assert [(path / name).read_bytes() for name in ("interference.json", "tables.md", "tables.csv")] == before


def test_the_papers_selection_is_labelled_and_biased_by_construction(
    measured: Measured, tmp_path: Path, engine: PlantedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copytree(measured.path, tmp_path / "again"))
    assert run(interference.main, path, "--yes", "--selection", "test", "--pairs", "off", monkeypatch=monkeypatch) == 0
    unbiased, biased = result(path), result(path, "test")
    assert biased["optimism"] == pytest.approx(0)  # the reported value is the selected one
    for name in NAMES:
        best, other = (one["arms"]["alone"]["pooled"]["spearman"][name]["value"] for one in (biased, unbiased))
        assert best >= other
    assert (biased["pairs"], biased["length"]) == (None, None)
    text, table = ((path / f"tables.{end}").read_text() for end in ("md", "csv"))
    assert "so alone is biased upward" in text
    assert text.count("Table 2: ") == 2
    assert "| 0.305 |" in text
    assert "interference_test,custom,Single,mae" in table
    assert "interference_validation,custom,Single,mae" in table


@pytest.mark.parametrize("reason", ["interrupted", "budget"])
def test_a_stopped_one_continues_without_repeating_a_call(
    reason: str, path: Path, engine: PlantedEngine, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "budget":
        assert measure(*SMALL, "--max-calls", 20) == 0
    else:
        interrupt_after(20, engine, monkeypatch)
        assert measure(*SMALL) == 130
    assert not (path / "interference.json").exists()
    assert len(engine.asked) == 20
    again = PlantedEngine(engine.harm)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(again))
    assert measure(*SMALL) == 0
    assert not {(one.system, one.user) for one in engine.asked} & {(one.system, one.user) for one in again.asked}
    costs = json.loads((path / "interference.json").read_text())["costs"]
    assert costs["judge"]["sent_calls"] == 20 + len(again.asked)


def test_an_lm_that_fails_is_no_result_and_no_reached_budget(
    path: Path, engine: PlantedEngine, measure: Measure, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(asked: Asked) -> str:
        raise dspy.lm15.AuthError("key revoked")

    engine.reply = refuse
    assert measure(*SMALL, "--threads", 1, "--max-calls", 1) == 3
    printed = capsys.readouterr().err
    assert "key revoked" in printed
    assert "what was paid for is kept" in printed
    assert not (path / "interference.json").exists()


def test_an_lm_that_never_gives_a_score_is_no_result(path: Path, engine: PlantedEngine, measure: Measure) -> None:
    engine.reply = lambda asked: "I would rather not"
    assert measure(*SMALL) == 3
    assert not (path / "interference.json").exists()


def interrupt_after(calls: int, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = engine.complete

    def complete(request: Any) -> Any:
        if len(engine.asked) >= calls:
            raise KeyboardInterrupt
        return answer(request)

    monkeypatch.setattr(engine, "complete", complete)


def test_rows_bound_the_test_rows_and_no_text_is_kept(path: Path, engine: PlantedEngine, measure: Measure) -> None:
    assert measure(*SMALL, "--metric", "mae") == 0
    found = result(path)
    assert found["rows"]["used"] == found["arms"]["joined"]["coverage"]["kind"]["rows"] == 12
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
    for content in ("[]", '{"format": 1, "tokenizer": "cl100k_base", "experiments": [{"task": "custom"}]}'):
        (path / "interference.json").write_text(content)
        assert measure("--yes", "--rows", 6, "--pairs", "off") == 2
        refused("interference.json is damaged", capsys)
    assert not engine.asked
    (path / "interference.json").unlink()
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


def test_the_tables_hold_the_records_numbers(measured: Measured) -> None:
    found = result(measured.path)
    with (measured.path / "tables.csv").open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["table"] == "interference_validation"]
    for what, part in {**found["arms"], **found["differences"]}.items():
        for name, one in part["pooled"]["spearman"].items():
            (line,) = [
                each
                for each in lines
                if (each["what"], each["view"], each["metric"], each["criterion"]) == (what, "pooled", "spearman", name)
            ]
            assert [line[key] for key in ("value", "low", "high", "n")] == [
                "" if one[key] is None else str(one[key]) for key in ("value", "low", "high", "n")
            ]
            assert bool(line["detectable"]) == (what in found["differences"])
    for name in PAIRS:
        for what, key in (("pair", "value"), ("pair_p", "p"), ("pair_q", "q")):
            (line,) = [each for each in lines if (each["what"], each["criterion"]) == (what, name)]
            assert float(line["value"]) == found["pairs"][name][key]
    text = (measured.path / "tables.md").read_text()
    for arm, title in (("alone", "best single rubrics, each alone"), ("joined", "the same joined")):
        assert f"| {title} | {cell_text(found['arms'][arm]['pooled']['spearman']['mean'])} |" in text
    assert text.count("] * |") == 2  # the two planted pairs, and no other, are marked
