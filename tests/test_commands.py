"""The commands end to end, in this process, on a fake engine; and as real processes against a local stub server."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import evaluate, optimize, score
from programs.optimizer.modes import MODES
from programs.optimizer.saved import load_judge
from programs.tasks.loading import load_rows
from programs.tasks.splits import Sizes, split_rows
from tests.commands import NAMES, SIZES, answered_by, own_task, refused, run, write_table
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm
from tests.stub_server import stub_server

ROOT = Path(__file__).parents[1]
ROLE_KEYS = {
    "calls",
    "failed",
    "given_up",
    "truncated",
    "reused",
    "skipped",
    "prompt_tokens",
    "completion_tokens",
    "cached_prompt_tokens",
    "too_long",
}


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on a table that stays where it is. Not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    with answered_by(FakeEngine) as patch:
        arguments = [*own_task(write_table(folder / "rated.csv")), *SIZES, "--run", "one", "--runs-dir", folder]
        assert run(optimize.main, *arguments, monkeypatch=patch) == 0
    return folder / "one"


@pytest.fixture
def one(made_once: Path, tmp_path: Path) -> Path:
    """A copy of that run."""
    return Path(shutil.copytree(made_once, tmp_path / "one"))


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_runs_to_the_end_and_leaves_its_files(
    mode: str, table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [*own_task(table), *SIZES, "--mode", mode.lower(), "--run", "one", "--runs-dir", tmp_path / "runs"]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    folder = tmp_path / "runs" / "one"
    assert {path.name for path in folder.iterdir()} >= {
        "config.json", "calls.jsonl", "steps.jsonl", "judge.json", "summary.json", "timing.json",
    }  # fmt: skip
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["mode"], summary["task"], summary["seed"], summary["stopped"]) == (mode, "custom", 0, None)
    check_agreement(summary["before"]), check_agreement(summary["after"]), check_agreement(summary["difference"])
    assert all(set(tally) == ROLE_KEYS for tally in summary["calls"].values())
    sent = {role: tally["calls"] for role, tally in summary["calls"].items() if tally["calls"]}
    assert sent == {role: count for role, count in engine.counts().items() if count}
    for role, most in summary["estimate"].items():
        tally = summary["calls"].get(role, {"calls": 0, "reused": 0})
        assert tally["calls"] + tally["reused"] <= most
    steps = [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]
    assert [step["step"] for step in steps] == [0, 1, 2]


@pytest.mark.parametrize("adapter", ["json", "chat"])
def test_dspys_own_adapters_score_every_row(
    adapter: str, table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [*own_task(table), *SIZES, "--adapter", adapter, "--run", "one", "--runs-dir", tmp_path / "runs"]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    summary = json.loads((tmp_path / "runs" / "one" / "summary.json").read_text())
    assert {cell["unscored"] for cell in summary["after"]["coverage"].values()} == {0}
    assert all(word in asked.system for asked in engine.of("judge") for word in (*NAMES, "Literal["))


def check_agreement(found: dict[str, Any]) -> None:
    metrics = {"spearman", "kendall", "pairwise", "qwk", "krippendorff", "mae", "off_by_one", "accuracy"}
    for view in ("pooled", "by_document"):
        assert set(found[view]) == metrics
        for cells in found[view].values():
            assert set(cells) == {"mean", *NAMES}
            assert all(set(cell) == {"value", "low", "high", "n", "undefined"} for cell in cells.values())
    for cell in found["coverage"].values():
        assert cell["rows"] == cell["scored"] + cell["unscored"]


def test_a_finished_run_is_shown_again_without_a_call(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs-dir", tmp_path / "runs"]
    run(optimize.main, *own_task(table), *SIZES, "--run", "one", *runs, monkeypatch=monkeypatch)
    first = capsys.readouterr().out
    asked = len(engine.asked)
    assert run(optimize.main, "--resume", "one", *runs, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == first
    assert len(engine.asked) == asked


def test_a_killed_run_resumes_without_repeating_a_call(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = ["--runs-dir", tmp_path / "runs"]
    run(optimize.main, *own_task(table), *SIZES, "--run", "whole", *runs, monkeypatch=monkeypatch)
    whole, asked = tmp_path / "runs" / "whole", len(engine.asked)
    half = tmp_path / "runs" / "half"
    half.mkdir()
    (half / "config.json").write_bytes((whole / "config.json").read_bytes())
    lines = (whole / "calls.jsonl").read_bytes().splitlines(keepends=True)
    (half / "calls.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]) + lines[-1][:20])  # killed while writing
    (half / "steps.jsonl").write_text('{"step": 0, "rub')
    engine.asked.clear()
    assert run(optimize.main, "--resume", half, "--threads", 3, monkeypatch=monkeypatch) == 0
    assert len(engine.asked) == asked - len(lines) // 2
    for name in ("judge.json", "steps.jsonl"):
        assert (half / name).read_bytes() == (whole / name).read_bytes()
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (whole, half)]
    tallies = [summary.pop("calls")["judge"] for summary in summaries]
    assert summaries[0] == summaries[1]
    assert tallies[0]["calls"] + tallies[0]["reused"] == tallies[1]["calls"] + tallies[1]["reused"]
    assert tallies[1]["reused"] > tallies[0]["reused"]


def test_what_is_made_of_a_run_that_has_ended_is_made_again_without_a_call(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a kill leaves it that struck between the summary and the files after it."""
    engine = DoubtfulEngine()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    arguments = [*own_task(table), *SIZES, "--readout", "expected", "--run", "one", "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    asked, folder = len(engine.asked), tmp_path / "one"
    confidence = (folder / "confidence.json").read_bytes()
    for name in ("confidence.json", "report.html"):
        (folder / name).unlink()
    assert run(optimize.main, "--resume", folder, monkeypatch=monkeypatch) == 0
    assert (folder / "confidence.json").read_bytes() == confidence
    assert (folder / "report.html").exists()
    assert len(engine.asked) == asked
    (folder / "report.html").unlink()
    table.unlink()
    capsys.readouterr()
    assert run(optimize.main, "--resume", folder, monkeypatch=monkeypatch) == 0
    assert "not made: what is missing of the run's report and confidences" in capsys.readouterr().err


def test_a_budget_ends_the_run_with_what_is_known(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = ["--runs-dir", tmp_path / "runs"]
    code = run(
        optimize.main, *own_task(table), *SIZES, "--run", "one", *runs, "--max-calls", 30, monkeypatch=monkeypatch
    )
    summary = json.loads((tmp_path / "runs" / "one" / "summary.json").read_text())
    assert (code, summary["stopped"], len(engine.asked)) == (0, "budget", 30)
    assert summary["before"]["coverage"]["helpful"] == {"rows": 16, "scored": 16, "unscored": 0}
    assert run(optimize.main, "--resume", "one", *runs, "--max-calls", 1000, monkeypatch=monkeypatch) == 0
    assert json.loads((tmp_path / "runs" / "one" / "summary.json").read_text())["stopped"] is None


def test_a_budget_smaller_than_the_first_scoring_still_says_what_it_knows(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path, "--max-calls", 5]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert len(engine.asked) == 5
    assert summary["before"]["coverage"]["helpful"] == {"rows": 16, "scored": 5, "unscored": 11}


def test_an_lm_that_fails_for_good_is_exit_3_and_resumable(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Dying(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            if len(self.asked) >= 10:
                raise dspy.lm15.AuthError("key revoked")
            return super().complete(request)

    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(Dying(), num_retries=0))
    arguments = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 3
    printed = capsys.readouterr().err
    assert "key revoked" in printed
    assert "--resume" in printed
    assert "Traceback" not in printed


def test_ctrl_c_writes_what_is_known_and_is_exit_130(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupting(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            if len(self.asked) >= 25:
                raise KeyboardInterrupt
            return super().complete(request)

    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(Interrupting()))
    arguments = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 130
    assert json.loads((tmp_path / "one" / "summary.json").read_text())["stopped"] == "interrupted"
    assert "--resume" in capsys.readouterr().err


def test_a_compiled_judge_is_evaluated_on_any_rows(
    one: Path,
    table: Path,
    tmp_path: Path,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "agreement.json"
    code = run(evaluate.main, one, "--data", table, "--out", out, monkeypatch=monkeypatch)
    assert code == 0
    found = json.loads(out.read_text())
    check_agreement(found)
    assert found["coverage"]["polite"]["rows"] == 60
    printed = capsys.readouterr().out
    assert "spearman" in printed
    assert "helpful" in printed


def test_an_evaluation_on_rows_that_the_run_has_learned_from_says_so(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = tmp_path / "one"
    run(optimize.main, *own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path, monkeypatch=monkeypatch)
    lines = table.read_text().splitlines()
    splits = split_rows(load_rows(load_judge(one).task, str(table)), Sizes(8, 12, 16))
    learned = {row["document_id"] for row in (*splits.train, *splits.validation)}
    seen = [line for line in lines[1:] if line.split(",")[0] in learned]
    capsys.readouterr()
    assert run(evaluate.main, one, "--data", table, monkeypatch=monkeypatch) == 0
    warning = f"warning: the run has trained or validated on {len(seen)} of the 60 rows"
    assert warning in capsys.readouterr().out
    assert run(evaluate.main, one / "judge.json", "--data", table, monkeypatch=monkeypatch) == 0
    assert warning in capsys.readouterr().out
    part = tmp_path / "part.csv"
    part.write_text("\n".join([lines[0], *seen[:4], *(line for line in lines[1:] if line not in seen)]) + "\n")
    assert run(evaluate.main, one, "--data", part, monkeypatch=monkeypatch) == 0
    assert "trained or validated on 4 of the" in capsys.readouterr().out
    unseen = tmp_path / "unseen.csv"
    unseen.write_text("\n".join([lines[0], *(line for line in lines[1:] if line not in seen)]) + "\n")
    assert run(evaluate.main, one, "--data", unseen, monkeypatch=monkeypatch) == 0
    assert "trained or validated" not in capsys.readouterr().out
    table.unlink()
    assert run(evaluate.main, one, "--data", unseen, monkeypatch=monkeypatch) == 0
    assert "nobody can say which rows it has seen" in capsys.readouterr().out


def test_new_texts_are_scored_beside_their_columns(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine(reply=lambda asked: '{"helpful": 2}' if "answer 3\n" in asked.user else None)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    texts = tmp_path / "texts.csv"
    texts.write_text('note,question,answer\nx,Why?,"answer 3\n"\ny,Why?,answer 100\n')
    out = tmp_path / "scored.csv"
    assert run(score.main, one, "--data", texts, "--out", out, monkeypatch=monkeypatch) == 0
    with out.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert [name for name in first if name.endswith("_score")] == ["helpful_score", "polite_score"]
    assert list(first)[:3] == ["note", "question", "answer"]
    assert (first["note"], first["helpful_score"], first["polite_score"]) == ("x", "2", "")
    assert second["helpful_score"] in "12345"
    assert second["polite_score"] in "0123"


class Down(FakeEngine):
    """A server that only fails."""

    def complete(self, request):  # type: ignore[no-untyped-def]
        raise dspy.lm15.AuthError("key revoked")


@pytest.mark.parametrize("limit", [["--max-calls", "5"], ["--max-calls", "1"], ["--max-tokens", "3000"], []])
def test_an_lm_that_only_fails_is_no_success_under_a_budget(
    limit: list[str], table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(Down(), num_retries=0))
    arguments = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path, *limit]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 3
    assert "key revoked" in capsys.readouterr().err


def test_an_lm_that_dies_later_is_no_reached_budget_either(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            if len(self.asked) >= 20:
                raise dspy.lm15.ServerError("gone")
            return super().complete(request)

    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(Dying(), num_retries=0))
    arguments = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path, "--max-calls", 21, "--threads", 1]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 3


@pytest.mark.parametrize("command_main", [score.main, evaluate.main])
def test_a_backend_that_says_nothing_writes_no_result(
    command_main: Callable[[list[str]], int], one: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = FakeEngine(reply=lambda asked: "")
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(silent))
    arguments = [one, "--data", table, "--out", tmp_path / "out.csv"]
    assert run(command_main, *arguments, monkeypatch=monkeypatch) == 3
    assert not (tmp_path / "out.csv").exists()


def test_a_run_resumes_from_another_folder_and_with_its_flags_spelled_differently(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    arguments = [*own_task(Path(table.name)), *SIZES, "--mode", "ssc", "--run", "one", "--max-calls", 20]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    folder = table.parent / "runs" / "one"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = ["--resume", folder, "--mode", "Ssc", "--data", table, "--max-calls", 1000]
    assert run(optimize.main, *again, monkeypatch=monkeypatch) == 0
    assert json.loads((folder / "summary.json").read_text())["stopped"] is None


def test_replies_that_say_nothing_end_the_run_and_are_asked_again(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = [FakeEngine(reply=lambda asked: ""), FakeEngine()]
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engines[0]))
    runs = ["--runs-dir", tmp_path]
    assert run(optimize.main, *own_task(table), *SIZES, "--run", "one", *runs, monkeypatch=monkeypatch) == 3
    engines.pop(0)
    assert run(optimize.main, "--resume", "one", *runs, monkeypatch=monkeypatch) == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["before"]["coverage"]["helpful"]["scored"] == 16


@pytest.mark.parametrize("command_main", [score.main, evaluate.main])
@pytest.mark.parametrize("out", ["rated.csv", "link.csv", "one/judge.json", "nodir/x.csv", "/dev/null", "/proc/x.csv"])
def test_an_out_that_cannot_or_must_not_be_written_is_refused_before_any_call(
    command_main: Callable[[list[str]], int], out: str, one: Path, table: Path, tmp_path: Path,
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "link.csv").symlink_to(table)
    kept = table.read_bytes(), (one / "judge.json").read_bytes()
    arguments = [one, "--data", table, "--out", tmp_path / out]
    assert run(command_main, *arguments, monkeypatch=monkeypatch) == 2
    assert not engine.asked
    assert (table.read_bytes(), (one / "judge.json").read_bytes()) == kept


BAD = {
    "endless minutes": (["--max-minutes", "inf"], "out of range"),
    "a seed too large": (["--seed", "99999999999999999999999"], "out of range"),
    "unknown flag": (["--stepz", "3"], "did you mean '--steps'"),
    "abbreviated flag": (["--step", "3"], "--step"),
    "unknown mode": (["--mode", "SCS"], "once a stage is joint"),
    "unknown gate": (["--gate", "spearmann"], "did you mean 'spearman'"),
    "unknown rule": (["--accept", "maybe"], "probable, not_worse"),
    "unknown preset": (["--preset", "heavy"], "light"),
    "unknown task": (["--task", "sumeval"], "did you mean 'summeval'"),
    "negative size": (["--train-size", "-3"], "at least 1"),
    "no number": (["--steps", "many"], "not a whole number"),
    "share": (["--reserve", "2"], "0 to 0.9"),
    "two tasks": (["--task", "sample", "--inputs", "a"], "one of them"),
    "own table without data": (["--inputs", "a", "--criteria", "b:1-5"], "--data"),
    "run and resume": (["--run", "a", "--resume", "b"], "one of them"),
    "unknown run": (["--resume", "nothing"], "there is no run"),
    "missing file": (["--inputs", "a", "--criteria", "b:1-5", "--data", "missing.csv"], "missing.csv"),
    "batch": (["--batch-size", "9", "--train-size", "3"], "--batch-size"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_2_and_leaves_nothing(
    case: str, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD[case]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 2
    refused(words, tmp_path, engine, capsys)


@pytest.mark.parametrize("name", ["../escape", "a/b", "a\nb", "", "x" * 300])
def test_a_run_stays_in_its_folder(
    name: str, table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [*own_task(table), *SIZES, "--run", name, "--runs-dir", tmp_path / "runs"]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 2
    assert not (tmp_path / "runs").exists()
    assert not engine.asked


def test_a_changed_setting_is_refused_on_resume(
    one: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs-dir", tmp_path]
    assert run(optimize.main, "--resume", "one", *runs, "--steps", 9, monkeypatch=monkeypatch) == 2
    assert "--steps 9 differs from the run's 2" in capsys.readouterr().err
    assert run(optimize.main, "--resume", "one", *runs, "--steps", 2, "--threads", 2, monkeypatch=monkeypatch) == 0


@pytest.mark.parametrize("content", ["[1,2]", "null", "{}", '{"settings": [], "task": {}, "data": ""}', "{"])
def test_a_damaged_config_is_one_line(
    content: str, one: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    runs = ["--runs-dir", tmp_path]
    (one / "config.json").write_text(content)
    assert run(optimize.main, "--resume", "one", *runs, monkeypatch=monkeypatch) == 2
    printed = capsys.readouterr().err
    assert "config.json" in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("content", ["[1,2]", "null", "{}", "{", '{"stopped": null}'])
def test_a_damaged_summary_is_made_again_without_a_call(
    content: str, one: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = ["--runs-dir", tmp_path]
    path = one / "summary.json"
    before = json.loads(path.read_text())
    path.write_text(content)
    assert run(optimize.main, "--resume", "one", *runs, monkeypatch=monkeypatch) == 0
    assert not engine.asked
    assert {**json.loads(path.read_text()), "calls": 0} == {**before, "calls": 0}


def test_changed_data_are_refused_on_resume(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs-dir", tmp_path]
    run(optimize.main, *own_task(table), *SIZES, "--run", "one", *runs, "--max-calls", 20, monkeypatch=monkeypatch)
    table.write_text(table.read_text().replace("answer 7", "another answer"))
    assert run(optimize.main, "--resume", "one", *runs, monkeypatch=monkeypatch) == 2
    assert "have changed" in capsys.readouterr().err


def test_an_existing_run_is_not_overwritten(
    one: Path,
    table: Path,
    tmp_path: Path,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path]
    before = (one / "summary.json").read_bytes()
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 2
    assert "exists already" in capsys.readouterr().err
    assert (one / "summary.json").read_bytes() == before


def test_a_small_table_shrinks_the_default_sizes_together(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [*own_task(table), "--steps", 1, "--run", "one", "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, monkeypatch=monkeypatch) == 0
    rows = json.loads((tmp_path / "one" / "summary.json").read_text())["rows"]
    assert sum(rows.values()) <= 60
    assert rows["train"] > rows["test"] > rows["validation"] >= 10


@pytest.mark.parametrize(
    "name",
    [
        "optimize",
        "evaluate",
        "score",
        "study",
        "report",
        "diagnose",
        "interference",
        "compare",
        "check",
        "advise",
        "confirm",
    ],
)
def test_help_needs_no_dspy(name: str) -> None:
    code = (
        f"import sys; sys.argv = ['{name}', '--help']\n"
        f"from programs import command, {name}\n"
        f"try: command.run({name}.main)\n"
        "finally: print('dspy' in sys.modules, 'numpy' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"usage: {name}.py" in printed
    assert printed.endswith("False False\n")


def test_the_whole_way_over_http_with_real_processes(table: Path, tmp_path: Path) -> None:
    """optimize, evaluate and score as a person calls them, against a server behind --api-base."""
    environment = {**os.environ, "OPENAI_API_KEY": "sk-canary", "COLUMNS": "40"}

    def start(name: str, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, ROOT / "programs" / f"{name}.py", *map(str, arguments)],
            capture_output=True, text=True, env=environment, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    with stub_server() as server:
        lm = ["--lm", "some-model", "--api-base", server.url, "--reuse", "off"]
        printed = start("optimize", *own_task(table), *SIZES, "--run", "one", *lm)
        summary = json.loads((tmp_path / "runs" / "one" / "summary.json").read_text())
        assert sum(tally["calls"] for tally in summary["calls"].values()) == len(server.bodies)
        assert all(body["model"] == "some-model" for body in server.bodies)
        assert any("response_format" in body for body in server.bodies)
        start("evaluate", "runs/one", "--data", table, *lm)
        start("score", "runs/one", "--data", table, "--out", "scored.csv", *lm)
        code = (
            "import dspy, json, sys; from programs.optimizer.saved import load_judge\n"
            "dspy.configure(lm=dspy.LM('openai/some-model', api_base=sys.argv[1], api_key='none', cache=False))\n"
            "judge = load_judge('runs/one')\n"
            "print(json.dumps([judge(question='Why?', answer=f'answer {n}').toDict() for n in range(5)]))"
        )
        fresh = subprocess.run(
            [sys.executable, "-c", code, server.url], capture_output=True, text=True, cwd=tmp_path, check=True
        )
    with (tmp_path / "scored.csv").open(newline="") as file:
        scored = [{name: int(row[f"{name}_score"]) for name in NAMES} for row in csv.DictReader(file)]
    assert json.loads(fresh.stdout) == scored[:5]
    assert all(len(line) > 40 for line in printed.splitlines() if "[" in line)  # never cut when not on a terminal
    written = b"".join(path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file())
    assert b"sk-canary" not in written
