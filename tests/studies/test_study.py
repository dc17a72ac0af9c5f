"""The study command end to end, in this process, on a fake engine."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import dspy
import pytest

from metrics.metric import METRICS
from tests.commands import refused
from tests.fake import FakeEngine, fake_lm
from tests.studies.conftest import SMALL, Study

FOUR = ["--modes", "ssc,CCC", "--gates", "none,mae", "--seeds", "0"]
TWO = ["--modes", "ssc,CCC", "--gates", "mae", "--seeds", "0", "--yes"]
LISTS = ["--modes", "Single,ssc,CCC", "--gates", "none,mae", "--seeds", "0"]


def summaries(study: Path) -> dict[str, dict[str, Any]]:
    return {path.parent.name: json.loads(path.read_text()) for path in sorted(study.glob("cells/*/summary.json"))}


def tables(study: Path) -> tuple[bytes, bytes]:
    return (study / "tables.md").read_bytes(), (study / "tables.csv").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "one"


def test_every_cell_is_a_run_within_the_estimate_and_no_request_is_paid_for_twice(
    base: list[str], folder: Path, engine: FakeEngine, start: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(*base, *LISTS, "--yes") == 0
    found = summaries(folder)
    assert set(found) == {f"custom-{mode}-{gate}-0" for mode in ("Single", "SSC", "CCC") for gate in ("none", "mae")}
    assert {path.name for path in folder.iterdir()} >= {"study.json", "tables.md", "tables.csv"}
    total = 0
    for summary in found.values():
        assert summary["stopped"] is None
        total += sum(summary["estimate"].values())
        for role, most in summary["estimate"].items():
            assert summary["calls"][role]["calls"] + summary["calls"][role]["reused"] <= most
    assert f"at most {total:,} LM calls in 6 of 6 cells" in capsys.readouterr().err
    sent = sum(tally["calls"] for summary in found.values() for tally in summary["calls"].values())
    assert sent == len(engine.asked)
    asked = [(each.system, each.user, str(each.request.config)) for each in engine.asked]
    assert len(asked) == len(set(asked))
    first, *others = [found[f"custom-{mode}-{gate}-0"] for mode in ("SSC", "CCC") for gate in ("none", "mae")]
    for other in others:
        assert other["before"] == first["before"]
        assert other["calls"]["judge"]["reused"] >= 16 + 6  # the test rows and the gate's of the initial judge


def test_reuse_off_pays_for_every_cell_by_itself(base: list[str], engine: FakeEngine, start: Study) -> None:
    lists = ["--modes", "SSC", "--gates", "none,mae", "--seeds", "0", "--yes", "--reuse", "off"]
    assert start(*base, *lists) == 0
    asked = [(each.system, each.user, str(each.request.config)) for each in engine.asked]
    assert len(asked) >= len(set(asked)) + 16


def test_finished_cells_are_not_run_again_and_tables_need_no_call(
    finished: Path, lasting_table: Path, engine: FakeEngine, start: Study
) -> None:
    before = tables(finished)
    (finished / "tables.md").unlink()
    cost = next(finished.glob("cells/*/cost.json"))
    paid = cost.read_bytes()
    cost.unlink()  # as after a kill between two files
    away = lasting_table.rename(lasting_table.with_suffix(".away"))  # not even the data are needed
    try:
        assert start("--run", "one", "--runs-dir", finished.parent) == 0
    finally:
        away.rename(lasting_table)
    assert not engine.asked
    assert tables(finished) == before
    assert cost.read_bytes() == paid


class Stopping(FakeEngine):
    """Raises `error` from a certain call on."""

    def __init__(self, after: int, error: BaseException) -> None:
        super().__init__()
        self.after, self.error = after, error

    def complete(self, request):  # type: ignore[no-untyped-def]
        if len(self.asked) >= self.after:
            raise self.error
        return super().complete(request)


def test_a_stopped_study_continues_without_repeating_a_call_and_ends_with_the_same_tables(
    base: list[str], folder: Path, tmp_path: Path, start: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines: list[FakeEngine] = [FakeEngine()]
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engines[-1]))
    assert start(*base, *TWO, "--runs-dir", tmp_path / "whole") == 0
    for after, stopped in ((5, "SSC"), (60, "CCC")):  # in the first cell, and in a later one
        engines += [Stopping(after, KeyboardInterrupt())]
        assert start(*base, *TWO) == 130
        assert [name for name, each in summaries(folder).items() if each["stopped"]] == [f"custom-{stopped}-mae-0"]
    engines += [FakeEngine()]
    assert start(*base, *TWO) == 0
    whole, *parts = (len(engine.asked) for engine in engines)
    assert sum(parts) == whole
    assert tables(folder) == tables(tmp_path / "whole" / "one")


def test_a_cell_that_fails_does_not_stop_the_others(
    base: list[str], folder: Path, start: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(asked):  # type: ignore[no-untyped-def]
        if asked.stage == "loss" and "helpful" in asked.user and "polite" in asked.user:  # only CCC asks jointly
            raise dspy.lm15.AuthError("key revoked")

    broken = [FakeEngine(reply=refuse)]
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(broken[0], num_retries=0))
    assert start(*base, *FOUR, "--yes") == 3
    printed = capsys.readouterr()
    assert "failed: custom-CCC-none-0: " in printed.out
    assert "key revoked" in printed.out
    assert "Traceback" not in printed.err
    assert len(summaries(folder)) == 2
    assert (
        "2 of 4 cells are finished. Not finished, and in no table: custom-CCC-none-0"
        in (folder / "tables.md").read_text()
    )
    broken[0] = FakeEngine()
    assert start(*base, *FOUR, "--yes") == 0
    assert len(summaries(folder)) == 4


def test_a_cell_that_its_limit_stopped_is_continued_by_the_next_call(
    base: list[str], folder: Path, engine: FakeEngine, start: Study
) -> None:
    lists = ["--modes", "SSC", "--gates", "mae", "--seeds", "0", "--yes"]
    assert start(*base, *lists, "--max-calls", 30) == 0
    assert summaries(folder)["custom-SSC-mae-0"]["stopped"] == "budget"
    assert not (folder / "tables.md").exists()
    assert start(*base, *lists, "--max-calls", 1000) == 0
    assert summaries(folder)["custom-SSC-mae-0"]["stopped"] is None


def test_a_study_file_is_its_flags(
    finished: Path, lasting_table: Path, tmp_path: Path, engine: FakeEngine, start: Study
) -> None:
    file = tmp_path / "two.toml"
    file.write_text(
        f'data = "{lasting_table}"\ninputs = "question,answer"\ncriteria = "helpful:1-5,polite:0-3"\ngroup = "id"\n'
        "train-size = 8\nval-size = 12\ntest-size = 16\nsteps = 2\nthreads = 2\nsave-prompts = false\n"
        'modes = ["SSC"]\ngates = ["none"]\nseeds = [0, 1]\n'
    )
    assert start(file, "--runs-dir", finished.parent, "--yes") == 0
    one, two = (json.loads((finished.parent / name / "study.json").read_text()) for name in ("one", "two"))
    assert one == two
    assert tables(finished) == tables(finished.parent / "two")
    asked = len(engine.asked)
    assert start(file, "--runs-dir", finished.parent, "--threads", 3) == 0
    assert len(engine.asked) == asked


def test_several_tasks_have_their_own_data(table: Path, tmp_path: Path, engine: FakeEngine, start: Study) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "own"\ninstructions = "Judge."\ndocument = "id"\n[[inputs]]\nname = "answer"\n'
        '[[criteria]]\nname = "helpful"\nscale = [1, 5]\n'
    )
    flags = ["--train-size", 8, "--val-size", 12, "--test-size", 16, "--steps", 1, "--runs-dir", tmp_path / "runs"]
    lists = ["--modes", "SSC", "--gates", "mae", "--seeds", "0", "--run", "one", "--yes"]
    assert start("--tasks", f"sample,{own}", "--data", f",{table}", *flags, *lists) == 0
    assert set(summaries(tmp_path / "runs" / "one")) == {"sample-SSC-mae-0", "own-SSC-mae-0"}
    text = (tmp_path / "runs" / "one" / "tables.md").read_text()
    assert "# sample" in text
    assert "# own" in text


BAD = {
    "nobody to answer": ([], "add --yes"),
    "a mode that is none": (["--modes", "SSC,SCS"], "once a stage is joint"),
    "a gate that is none": (["--gates", "mae,spearmann"], "did you mean 'spearman'"),
    "a seed that is none": (["--seeds", "0,x"], "not a whole number"),
    "a seed twice": (["--seeds", "1,1"], "names 1 twice"),
    "an empty list": (["--modes", ""], "--modes is empty"),
    "one run's flag": (["--mode", "SSC"], "did you mean '--modes'"),
    "one run's gate": (["--gate", "mae"], "did you mean '--gates'"),
    "resume": (["--resume", "x"], "unrecognized"),
    "two descriptions": (["--tasks", "sample"], "one of them"),
    "no such file": (["nothing.toml"], "nothing.toml cannot be read"),
    "a folder outside": (["--run", "../escape"], "cannot name a folder"),
    "batch": (["--batch-size", "9"], "--batch-size"),
    "too few rows": (["--test-size", "900"], "900"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_2_and_leaves_nothing(
    case: str, base: list[str], tmp_path: Path, engine: FakeEngine, start: Study, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD[case]
    assert start(*base, *arguments) == 2
    refused(words, tmp_path, engine, capsys)


FILES = {
    "not TOML": ("modes = [", "not a TOML file"),
    "an unknown key": ('stepz = 3\ndata = "x"', "did you mean '--steps'"),
    "a table": ("[modes]\na = 1", "the table [modes]"),
    "a wrong value": ('steps = "many"', "not a whole number"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_study_file_is_one_line_that_names_it(
    case: str, tmp_path: Path, start: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = FILES[case]
    (tmp_path / "bad.toml").write_text(text)
    assert start(tmp_path / "bad.toml") == 2
    printed = capsys.readouterr().err
    assert "bad.toml: " in printed
    assert words in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("flags", [["--seeds", "0"], ["--steps", 3], ["--modes", "CCC"], ["--eval-every", 2]])
def test_other_settings_of_an_existing_study_are_refused(
    flags: list[object], again: list[str], finished: Path, engine: FakeEngine, start: Study,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert start(*again, "--yes", *flags) == 2
    printed = capsys.readouterr().err
    assert f"{flags[0]} {flags[1]} differs from the study's" in printed
    assert printed.count("\n") == 1


def test_what_changes_no_result_may_be_another(
    again: list[str], finished: Path, engine: FakeEngine, start: Study
) -> None:
    assert start(*again, "--threads", 3, "--eval-every", 1) == 0
    assert not engine.asked


def test_changed_data_are_refused(
    base: list[str], table: Path, start: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Stopping(60, KeyboardInterrupt())
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    assert start(*base, *SMALL, "--yes") == 130
    table.write_text(table.read_text().replace("answer 7", "another answer"))
    assert start(*base, *SMALL, "--yes") == 2
    assert "have changed" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "begun"), [("y", True), ("no", False)])
def test_a_person_is_asked_before_anything_is_spent(
    answer: str, begun: bool, base: list[str], folder: Path, engine: FakeEngine, start: Study,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda: answer)
    assert start(*base, "--modes", "SSC", "--gates", "mae", "--seeds", "0") == 0
    assert capsys.readouterr().err.startswith("at most ")
    assert (folder.exists(), bool(engine.asked)) == (begun, begun)


def test_the_long_format_has_every_cell_criterion_and_metric(finished: Path) -> None:
    with (finished / "tables.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    cells = [line for line in lines if line["table"] == "cells"]
    assert len(cells) == 2 * 3 * 2 * len(METRICS) * 3  # cells, judges, views, metrics, criteria and their mean
    for line in cells:
        summary = summaries(finished)[f"custom-{line['mode']}-{line['gate']}-{line['seed']}"]
        found = summary[line["what"]][line["view"]][line["metric"]][line["criterion"]]
        assert [line[name] for name in ("value", "low", "high", "n")] == [
            "" if found[name] is None else str(found[name]) for name in ("value", "low", "high", "n")
        ]
        if line["what"] == "difference" and line["low"] != line["high"]:
            assert float(line["detectable"]) == pytest.approx((float(line["high"]) - float(line["low"])) / 2)
        else:
            assert line["detectable"] == ""


def test_a_mean_over_seeds_is_that_of_the_cells(finished: Path) -> None:
    with (finished / "tables.csv").open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["metric"] == "mae" and line["criterion"] == "mean"]
    for line in (line for line in lines if line["table"] == "table1" and line["what"] != "against_initial"):
        values = [
            float(each["value"])
            for each in lines
            if each["table"] == "cells" and each["view"] == "pooled"
            and all(each[name] == line[name] for name in ("mode", "gate", "what"))
        ]  # fmt: skip
        assert len(values) == 2
        assert float(line["value"]) == pytest.approx(sum(values) / 2)
        assert float(line["spread"]) == pytest.approx(abs(values[0] - values[1]) / 2**0.5)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"study": {"modes": 3}}'])
def test_a_damaged_study_file_is_one_line(
    content: str, base: list[str], folder: Path, engine: FakeEngine, start: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(content)
    assert start(*base, "--yes") == 2
    printed = capsys.readouterr().err
    assert "study.json" in printed
    assert printed.count("\n") == 1
