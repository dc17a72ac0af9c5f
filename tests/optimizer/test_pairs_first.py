"""Bare `--judge clusters`: the pairs are judged on validation rows before the search, and decide who shares a call."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from programs import evaluate, optimize
from programs.optimizer.methods import most_calls, teleprompter
from programs.optimizer.pairing import prompts
from programs.optimizer.saved import load_judge
from programs.settings import Settings
from programs.tasks.splits import Splits
from programs.tasks.task import Task
from tests.commands import NAMES, own_task, refused, run
from tests.fake import FakeEngine, rated_rows

SIZES = ["--train-size", "8", "--val-size", "20", "--test-size", "16", "--steps", "1", "--reserve", "0"]
GATE_ROWS = 20


def truthful(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """The rating of `write_table`."""
    place = int(re.findall(r"answer (\d+)", user)[-1])
    return (1 + place * 7 % 5) if name == "helpful" else place * 3 % 4


def hurt(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """The same, but politeness upside down where helpfulness stands beside it."""
    level = truthful(name, system, user, levels)
    return levels[-1] - level if name == "polite" and "helpful (" in system else level


def optimized(name: str, table: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, *flags: object) -> Path:
    arguments = [*own_task(table), *SIZES, "--lm", "fake", "--judge", "clusters", "--runs-dir", runs, "--run", name]
    assert run(optimize.main, *arguments, *flags, monkeypatch=monkeypatch) == 0
    return runs / name


def shared(engine: FakeEngine) -> list[bool]:
    """Of every judge's call, whether it was about both criteria."""
    return [all(f"{name} (" in asked.system for name in NAMES) for asked in engine.of("judge")]


def test_who_is_hurt_gets_a_call_of_its_own(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.score = hurt
    folder = optimized("one", table, tmp_path, monkeypatch, "--reuse", "off")
    summary = json.loads((folder / "summary.json").read_text())
    found = summary["clusters"]
    assert (found["groups"], found["rows"], found["metric"]) == ([["helpful"], ["polite"]], GATE_ROWS, "spearman")
    assert found["effects"]["polite|helpful"]["high"] < 0 <= found["effects"]["helpful|polite"]["high"]
    assert load_judge(folder).groups == (("helpful",), ("polite",))
    asked = shared(engine)
    assert sum(asked) == GATE_ROWS and not any(asked[3 * GATE_ROWS :])  # each alone, both, and then no more together
    assert summary["calls"]["judge"]["calls"] == engine.counts()["judge"] == summary["estimate"]["judge"]
    assert summary["before"]["pooled"]["spearman"]["mean"]["value"] == pytest.approx(
        1
    )  # the initial judge in the groups found


def test_who_is_not_hurt_stays_together(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.score = truthful
    folder = optimized("one", table, tmp_path, monkeypatch, "--reuse", "off")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["clusters"]["groups"] == [["helpful", "polite"]]
    assert load_judge(folder).groups == (NAMES,)
    assert all(shared(engine)[3 * GATE_ROWS :])
    assert summary["calls"]["judge"]["calls"] < summary["estimate"]["judge"]


@pytest.mark.parametrize("most", [7, 50, 70])
def test_threads_and_a_stop_at_any_moment_change_nothing(
    most: int, table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the measuring of the first prompt, of the last, and after it."""
    engine.score = hurt
    whole = optimized("whole", table, tmp_path, monkeypatch, "--threads", "1")
    asked = len(engine.asked)
    engine.asked.clear()
    stopped = optimized("stopped", table, tmp_path, monkeypatch, "--threads", "3", "--max-calls", most)
    early = json.loads((stopped / "summary.json").read_text())
    assert early["stopped"] == "budget" and len(engine.asked) == most
    assert early["clusters"]["effects"] is None or most > 3 * GATE_ROWS
    (stopped / "summary.json").unlink()
    flags = ["--resume", stopped, "--threads", "5", "--max-calls", "10000"]
    assert run(optimize.main, *flags, monkeypatch=monkeypatch) == 0
    assert len(engine.asked) == asked
    for file in ("judge.json", "steps.jsonl", "scores.json"):
        assert (whole / file).read_bytes() == (stopped / file).read_bytes()
    clusters = [json.loads((each / "summary.json").read_text())["clusters"] for each in (whole, stopped)]
    assert clusters[0] == clusters[1]


DIVISIONS = {1: "fluency+relevance+coherence+consistency", 2: "fluency+relevance+coherence,consistency"}


@pytest.mark.parametrize("groups", DIVISIONS.values())
@pytest.mark.parametrize(
    "own", [{}, {"gate_by": "criterion"}, {"order": "search"}, {"order": "rotate", "schedule": "coordinate"}]
)
def test_what_a_run_may_take_covers_whatever_is_found(own: dict[str, str], groups: str, task: Task) -> None:
    rows = rated_rows(task.criterion_names, 30)
    splits = Splits(train=rows[:10], validation=rows[10:20], test=rows[20:])
    bare = Settings(judge="clusters", mode="SSC", **own)
    gated = len(teleprompter(bare).validation(splits.validation)[0])
    measuring = gated * sum(
        len(group) if own.get("order") == "rotate" else 1 for group in prompts(task.criterion_names)
    )
    planned = most_calls(bare, task, splits)
    found = most_calls(replace(bare, judge=f"clusters:{groups}"), task, splits)
    assert planned["judge"] >= found["judge"] + measuring
    separate = most_calls(replace(bare, judge="separate"), task, splits)
    assert planned["judge"] >= separate["judge"] + measuring
    assert {**planned, "judge": 0} == {**found, "judge": 0}


def test_what_cannot_be_measured_is_refused(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*own_task(table), "--lm", "fake", "--runs-dir", tmp_path / "runs", "--judge", "clusters"]
    assert run(optimize.main, *flags, "--gate", "none", "--keep", "last", monkeypatch=monkeypatch) == 2
    refused("--judge clusters measures on validation rows", tmp_path, engine, capsys)
    folder = optimized("one", table, tmp_path, monkeypatch)
    engine.asked.clear()
    capsys.readouterr()
    saved = ["--data", table, "--lm", "fake", "--judge", "clusters"]
    assert run(evaluate.main, folder, *saved, monkeypatch=monkeypatch) == 2
    assert "clusters alone is measured by optimize.py" in capsys.readouterr().err and not engine.asked
