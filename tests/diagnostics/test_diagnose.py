"""diagnose.py and --rate-every end to end on a fake engine: what is asked, what is written, what is believed."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dspy.lm15 import AuthError

from metrics.suggestions import MOST_SUGGESTIONS
from programs import optimize
from programs.diagnostics.bound import step_calls
from programs.diagnostics.diagnosis import read_diagnosis
from programs.settings import Settings
from programs.studies.findings import findings
from programs.studies.write import tasks_in
from programs.tasks.task import Task
from tests.commands import run
from tests.diagnostics.conftest import Command, Made
from tests.diagnostics.raters import constant_rater, diluted_notes, focused_notes, good_rater, together
from tests.fake import FakeEngine

FEW = ["--rate-orders", "1"]


def diagnosis(runs: Path) -> dict[str, Any]:
    return json.loads((runs / "one" / "diagnostics.json").read_text())


def lines(runs: Path, **wanted: str) -> list[dict[str, str]]:
    with (runs / "one" / "tables.csv").open(newline="") as file:
        return [line for line in csv.DictReader(file) if all(line[name] == value for name, value in wanted.items())]


def test_a_run_is_rated_after_the_fact_and_nothing_is_asked_twice(
    made: Made,
    unrated: Path,
    rate: Command,
    runs: Path,
    engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not made.engine.of("rater")
    assert rate(*FEW) == 0
    found = diagnosis(runs)
    assert set(engine.counts().items()) >= {("judge", 0), ("gradient", 0), ("rater", len(engine.asked))}
    asked = [(each.system, each.user) for each in engine.asked]
    assert len(asked) == len(set(asked)) == found["costs"]["asked_calls"] == found["costs"]["sent_calls"]
    assert all(each.request.config.temperature == 0 and each.request.config.seed is None for each in engine.asked)
    assert f"at most {found['costs']['asked_calls']}" not in (printed := capsys.readouterr()).err  # some are alike
    assert "12 notes of 1 runs" in printed.err
    assert "calibration of fake/model on 15 planted notes of answers (templates)" in printed.out
    engine.asked.clear()
    assert rate(*FEW) == 0
    assert not engine.asked
    assert diagnosis(runs) == found


def test_what_is_written_holds_numbers_and_no_text(
    start: Command, rate: Command, runs: Path, engine: FakeEngine
) -> None:
    assert start("--mode", "CCC") == 0
    assert rate(*FEW) == 0
    found = diagnosis(runs)
    assert (found["origin"]["mode"], found["origin"]["criteria"]) == ("CCC", ["helpful", "polite"])
    assert found["gradients"] == len(found["notes"]) == 6
    assert all(note["joint"] and note["group"] == ["helpful", "polite"] for note in found["notes"])
    diluted = next(note for note in found["notes"] if note["ratings"] == {"helpful": 10, "polite": 1})
    assert [max(choice, key=choice.get) for choice in diluted["suggestions"]] == ["helpful"] * 2 + ["(generic)"] * 2
    assert [each["rating"] for each in found["rewrites"]] == [9, 9, 9, 9]
    text = (runs / "one" / "diagnostics.json").read_text()
    assert not any(words in text for words in ("Lower the score", "Why?", "clearer", "version"))
    assert read_diagnosis(runs / "one" / "diagnostics.json").to_dict() == found


def test_dilution_of_joint_notes_is_found_where_it_is_and_not_where_it_is_not(
    study_of: Command, rate: Command, runs: Path, engine: FakeEngine
) -> None:
    assert study_of() == 0
    assert rate(*FEW) == 0
    measures = {"table": "dilution", "criterion": "mean", "what": "separate_minus_joint"}
    (covered,) = lines(runs, **measures, metric="covered")
    assert float(covered["value"]) > 0.2
    assert float(covered["low"]) > 0
    assert float(covered["detectable"]) == pytest.approx((float(covered["high"]) - float(covered["low"])) / 2)
    (tokens,) = lines(runs, **measures, metric="for_criterion_per_100_tokens")
    assert float(tokens["low"]) > 0
    (above,) = lines(runs, table="dilution", mode="SSC", criterion="mean", metric="above_chance")
    assert float(above["value"]) == 0.5
    assert not lines(runs, table="dilution", mode="CCC", metric="accuracy")
    text = (runs / "one" / "tables.md").read_text()
    assert "| SSC | none | 2 | 10.000 | 1.000 | 10.000 |" in text  # the paper's separate notes, without an error
    assert "rater failed calibration" not in text


def test_the_numbers_of_a_rater_that_fails_are_in_no_table(
    study_of: Command, rate: Command, runs: Path, engine: FakeEngine
) -> None:
    engine.reply = together(diluted_notes, constant_rater)
    assert study_of("--seeds", "0", "--rate-every", "1", *FEW) == 0
    asked = [(each.system, each.user) for each in engine.of("rater")]
    assert len(asked) == len(set(asked))
    engine.asked.clear()
    assert rate(*FEW) == 0
    assert not engine.asked
    shown = {line["metric"] for line in lines(runs, table="dilution")}
    assert shown == {"suggestions"}
    assert {line["view"] for line in lines(runs, table="calibration")} == {"failed"}
    (pairs,) = lines(runs, table="calibration", what="rated higher: better over worse, all pairs")
    assert float(pairs["value"]) == 0.5
    text = (runs / "one" / "tables.md").read_text()
    (sentence,) = [each for each in findings(tasks_in(runs / "one")[0]) if each.startswith("Gradient dilution")]
    assert "failed its calibration on planted notes in specificity, attribution, adherence" in sentence
    assert "specificity, 1-10" not in sentence
    assert text.count("rater failed calibration") == 5  # both modes twice, and blind accuracy of the separate one
    assert "mean rating: wrong | 10.000 |" in text


def test_a_study_pays_once_and_its_tables_need_diagnostics_json_alone(
    study_of: Command, rate: Command, runs: Path, engine: FakeEngine
) -> None:
    engine.reply = together(focused_notes, good_rater)
    assert study_of("--seeds", "0") == 0
    engine.asked.clear()
    assert rate(*FEW) == 0
    asked = [(each.system, each.user) for each in engine.asked]
    assert len(asked) == len(set(asked))
    costs = [json.loads(path.read_text())["rater"] for path in sorted(runs.glob("one/cells/*/cost.json"))]
    assert sum(each["sent_calls"] for each in costs) == len(asked)
    assert costs[0]["asked_calls"] > costs[0]["sent_calls"]  # the joint one, which is rated after the separate one
    assert "| all |  | rater |" in (runs / "one" / "tables.md").read_text()
    measures = {"table": "dilution", "criterion": "mean", "what": "separate_minus_joint"}
    assert [float(line["value"]) for line in lines(runs, **measures, metric="covered")] == [0]  # nothing is diluted
    assert [float(line["value"]) for line in lines(runs, **measures, metric="specificity")] == [5]  # by construction
    before = (runs / "one" / "tables.csv").read_bytes()
    silent = runs / "one" / "cells" / "answers-CCC-none-0"
    steps = (silent / "steps.jsonl").read_text()
    records = [{**json.loads(line), "gradients": []} for line in steps.splitlines()]  # as a control's, without feedback
    (silent / "steps.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    engine.asked.clear()
    assert rate(*FEW) == 0
    assert not engine.asked
    assert rate(silent, *FEW) == 2
    (silent / "steps.jsonl").write_text(steps)
    for path in runs.glob("one/cells/*/calls.jsonl"):
        path.unlink()
    assert study_of("--seeds", "0") == 0
    assert (runs / "one" / "tables.csv").read_bytes() == before


def test_rating_during_the_run_says_the_same_as_after_it_and_changes_nothing_else(
    made: Made, start: Command, rate: Command, runs: Path, engine: FakeEngine
) -> None:
    assert start("--mode", "SSC", "--rate-every", "1", *FEW) == 0
    during = diagnosis(runs)
    summary = json.loads((runs / "one" / "summary.json").read_text())
    tally = summary["calls"]["rater"]
    assert 0 < tally["calls"] == len(engine.of("rater"))
    assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"]["rater"]
    steps = (runs / "one" / "steps.jsonl").read_bytes()
    engine.asked.clear()
    assert rate(*FEW) == 0
    assert not engine.asked
    assert diagnosis(runs) == during
    assert (made.runs / "one" / "steps.jsonl").read_bytes() == steps


def test_rated_is_what_the_critic_wrote_and_adherence_is_to_what_the_rewrite_was_given(
    start: Command, rate: Command, runs: Path, engine: FakeEngine
) -> None:
    said = json.dumps({"helpful": "For helpful, solve the problem.", "polite": "For polite, greet."})
    merging = lambda asked: said if asked.stage == "condense" else None  # noqa: E731
    engine.reply = together(merging, diluted_notes, good_rater)
    assert start("--mode", "CCC", "--resolve", "merge", "--rate-every", "1", *FEW) == 0
    found = diagnosis(runs)
    assert found["gradients"] == len(found["notes"]) == 6
    assert all(note["group"] == ["helpful", "polite"] for note in found["notes"])
    followed = [each.user for each in engine.of("rater") if "<old_rubric>" in each.user]
    assert [sum(f"For {name}, " in each for each in followed) for name in ("helpful", "polite")] == [2, 2]
    engine.asked.clear()
    assert rate(*FEW) == 0
    assert not engine.asked


@pytest.mark.parametrize(
    ("flags", "notes"),
    [({}, 1), ({"notes": "per-field"}, 4), ({"resolve": "router"}, 5), ({"mode": "SSC", "resolve": "router"}, 4)],
)
def test_a_steps_most_calls_hold_all_notes_that_a_row_may_have(flags: dict[str, str], notes: int, task: Task) -> None:
    settings = replace(Settings(mode="CCC", batch_size=3, rate_orders=2), **flags)
    assert step_calls(settings, task) == 3 * notes * (4 + MOST_SUGGESTIONS * 2) + 4


def test_only_every_nth_step_is_rated(start: Command, runs: Path, engine: FakeEngine) -> None:
    assert start("--mode", "SSC", "--rate-every", "2", *FEW) == 0
    assert {note["step"] for note in diagnosis(runs)["notes"]} == {2}


def test_a_limit_draws_notes_by_seed(unrated: Path, rate: Command, runs: Path, engine: FakeEngine) -> None:
    assert rate(*FEW, "--limit", "5", "--seed", "3") == 0
    first = diagnosis(runs)
    assert (len(first["notes"]), first["gradients"]) == (5, 12)
    assert rate(*FEW, "--limit", "5", "--seed", "4") == 0
    assert diagnosis(runs)["notes"] != first["notes"]


def test_a_run_that_is_stopped_while_it_rates_is_resumed_without_repeating_a_call(
    start: Command, runs: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start("--mode", "SSC", "--rate-every", "1", *FEW, "--max-calls", "90") == 0
    assert len(engine.asked) == 90 and engine.of("rater")
    assert run(optimize.main, "--resume", runs / "one", "--max-calls", 1000, monkeypatch=monkeypatch) == 0
    asked = [(each.system, each.user, each.request.config) for each in engine.asked]
    assert all(asked.count(each) == 1 for each in asked)
    assert len(diagnosis(runs)["notes"]) == 12


def test_a_budget_stops_the_rating_and_the_same_command_continues_it(
    unrated: Path, rate: Command, runs: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rate(*FEW, "--max-calls", "30") == 0
    assert "--max-calls 30 is reached; the same command continues it" in capsys.readouterr().err
    assert not (runs / "one" / "diagnostics.json").exists()
    assert len(engine.asked) == 30
    assert rate(*FEW) == 0
    asked = [(each.system, each.user) for each in engine.asked]
    assert len(asked) == len(set(asked))


def test_a_rater_that_is_down_is_one_line(
    unrated: Path, rate: Command, runs: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(asked):  # type: ignore[no-untyped-def]
        raise AuthError("key revoked")

    engine.reply = refuse
    assert rate(*FEW) == 3
    assert "failed: one: an LM failed: " in capsys.readouterr().out
    assert not (runs / "one" / "diagnostics.json").exists()


def test_bad_input_is_one_line(
    made: Made, rate: Command, runs: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    damages = {
        "steps.jsonl is missing": lambda run: (run / "steps.jsonl").unlink(),
        "steps.jsonl is damaged": lambda run: (run / "steps.jsonl").write_text("{}\n"),
        "config.json is damaged": lambda run: (run / "config.json").write_text("[]"),
        "there is no run or study 'one'": shutil.rmtree,
    }
    for words, damage in damages.items():
        shutil.copytree(made.runs / "one", runs / "one", dirs_exist_ok=True)
        damage(runs / "one")
        capsys.readouterr()
        assert rate(*FEW) == 2
        printed = capsys.readouterr().err
        assert printed.count("\n") == 1
        assert words in printed
    assert not engine.asked
