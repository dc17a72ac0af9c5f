"""A run's limits over its sessions, and what was said of its cost before beside what it was."""

import json
from pathlib import Path
from typing import Any

import pytest

from programs import optimize, score
from tests.commands import SIZES, own_task, run
from tests.fake import FakeEngine, fields_of

PRICES = ["--price-in", "2", "--price-out", "10"]


def usd(engine: FakeEngine) -> float:
    """What the requests cost by the tokens that the engine reports: words."""
    prompts = sum(len(asked.system.split()) + len(asked.user.split()) for asked in engine.asked)
    texts = [
        (engine.reply and engine.reply(asked))
        or engine.text(asked.stage, asked.system, asked.user, fields_of(asked.request))
        for asked in engine.asked
    ]
    replies = sum(len(text.split()) for text in texts)
    return (2 * prompts + 10 * replies) / 1e6


def summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


def test_dollars_end_a_run_with_its_best_judge_and_hold_over_sessions(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs-dir", tmp_path]
    limit = ["--max-cost", "0.018", "--threads", "4", "--retries", "0"]
    code = run(optimize.main, *own_task(table), *SIZES, "--run", "one", *runs, *PRICES, *limit, monkeypatch=monkeypatch)
    found = summary(tmp_path / "one")
    assert (code, found["stopped"]) == (0, "budget")
    assert found["kept"] and found["after"]["coverage"]["helpful"]["scored"] > 0
    assert 0 < usd(engine) <= 0.018
    spent = found["spending"]["spent"]
    assert (spent["calls"], spent["usd"]) == (len(engine.asked), pytest.approx(usd(engine)))
    asked = len(engine.asked)
    assert run(optimize.main, "--resume", "one", *runs, "--max-calls", asked, monkeypatch=monkeypatch) == 0
    assert len(engine.asked) == asked
    assert run(optimize.main, "--resume", "one", *runs, "--max-cost", "1", monkeypatch=monkeypatch) == 0
    whole = summary(tmp_path / "one")
    assert whole["stopped"] is None
    assert whole["spending"]["spent"]["calls"] == len(engine.asked)
    assert whole["spending"]["spent"]["usd"] == pytest.approx(usd(engine))


def test_the_estimate_stands_before_the_run_and_beside_what_was_spent(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path, *PRICES]
    assert run(optimize.main, *flags, "--max-cost", "5", "--max-calls", "1000", monkeypatch=monkeypatch) == 0
    found = summary(tmp_path / "one")
    most, expected, spent = *found["spending"]["estimate"].values(), found["spending"]["spent"]
    assert most["calls"] == sum(found["estimate"].values())
    assert all(spent[name] <= most[name] for name in ("calls", "tokens", "usd"))
    assert 0 < expected["usd"] <= most["usd"] <= 5
    printed = capsys.readouterr()
    assert f"estimate: at most {most['calls']} LM calls, about {expected['tokens']:,} tokens" in printed.err
    assert f"spent: {spent['calls']} calls, {spent['tokens']:,} tokens, $" in printed.out


def test_score_stops_before_its_dollars_are_exceeded_and_counts_them_over_sessions(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(optimize.main, *own_task(table), *SIZES, "--run", "one", "--runs-dir", tmp_path, monkeypatch=monkeypatch)
    engine.asked.clear()
    flags = [tmp_path / "one", "--data", table, "--out", tmp_path / "o.csv", *PRICES, "--threads", "2"]
    for limit in ("0.014", "0.014"):
        run(score.main, *flags, "--max-cost", limit, monkeypatch=monkeypatch)
    asked = len(engine.asked)
    assert 0 < asked < 60
    assert usd(engine) <= 0.014
    assert run(score.main, *flags, "--max-cost", "1", monkeypatch=monkeypatch) == 0
    assert len(engine.asked) == 60
