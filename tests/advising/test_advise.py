"""advise.py end to end, on the study that is kept in the repository, on a run, and on an evaluation."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from metrics.sample_size import Variance, needed
from programs import advise, evaluate, optimize
from programs.records.prices import price_of
from tests.commands import SIZES, own_task, run
from tests.fake import FakeEngine

STUDY = Path(__file__).parents[2] / "docs" / "studies" / "brighter"
CELLS = sorted((STUDY / "cells").iterdir())
Advise = Callable[..., int]


@pytest.fixture
def advise_(monkeypatch: pytest.MonkeyPatch) -> Advise:
    return lambda *arguments: run(advise.main, *arguments, monkeypatch=monkeypatch)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_rows_are_those_of_a_loop_over_the_study_s_files(advise_: Advise, tmp_path: Path) -> None:
    out = tmp_path / "advice.json"
    assert advise_(STUDY, "--difference", ".1", "--metric", "mae", "--out", out) == 0
    (found,) = read(out)
    for column, name in ((0, "anger"), (slice(None), "mean")):
        variances = []
        for cell in CELLS:
            held = read(cell / "scores.json")
            human, before, after = (
                np.array(each, dtype=float)[:, column].reshape(30, -1)
                for each in (held["human"], held["judges"]["0"], held["judges"]["kept"])
            )
            apart = (np.abs(after - human) - np.abs(before - human)).mean(axis=1)  # one row a document, all scored
            if apart.any():
                variances.append(apart.var(ddof=1))
        expected = needed(Variance(float(np.mean(variances)), 20.0), 0.1, alpha=0.05, target=0.8).units
        part = found["parts"][name]
        assert part["rows"]["units"] == part["documents"]["units"] == expected
        assert part["rows"]["low"] < expected < part["rows"]["high"]
    assert (found["pilot"]["rows"], found["pilot"]["documents"], found["pilot"]["seeds"]) == (30, 30, 2)


def test_seeds_are_those_of_a_loop_over_the_modes_gains(advise_: Advise, tmp_path: Path) -> None:
    out = tmp_path / "advice.json"
    advise_(STUDY, "--difference", ".1", "--metric", "mae", "--out", out)
    (found,) = read(out)
    gains: dict[str, list[float]] = {}
    for cell in CELLS:
        summary = read(cell / "summary.json")
        gains.setdefault(summary["mode"], []).append(summary["difference"]["pooled"]["mae"]["fear"]["value"])
    spread = Variance(float(np.mean([np.var(each, ddof=1) for each in gains.values()])), 5.0)
    expected = needed(spread, 0.1, alpha=0.05, target=0.8, least=2)
    assert found["parts"]["fear"]["seeds"] == vars(expected)


def test_cost_is_two_judges_on_the_rows_at_the_pilots_tokens(
    advise_: Advise, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "advice.json"
    prices = ["--price-in", "2", "--price-out", "8"]
    assert advise_(STUDY, "--difference", ".1", "--out", out, "--lm", "openai/own", *prices) == 0
    part = read(out)[0]["parts"]["mean"]
    judges = [read(cell / "cost.json")["judge"] for cell in CELLS if "Single" not in cell.name]
    asked, sent, replied = (
        sum(each[f"asked_{kind}"] for each in judges) for kind in ("calls", "prompt_tokens", "completion_tokens")
    )
    calls = 2 * part["rows"]["units"]
    assert part["cost"]["calls"] == calls
    assert part["cost"]["usd"] == pytest.approx(calls / asked * (sent * 2 + replied * 8) / 1e6)
    assert part["cost"]["hours"] is None  # kept results have no timing
    whole = [read(cell / "cost.json") for cell in CELLS if "Single" not in cell.name]
    roles = [each[role] for each in whole for role in each if role != "rater"]
    runs = part["seeds"]["units"] / len(whole)
    assert part["seeds_cost"]["prompt_tokens"] == pytest.approx(runs * sum(r["asked_prompt_tokens"] for r in roles))
    printed = capsys.readouterr().out
    assert "openai/own at 2 and 8 USD per million prompt and reply tokens, as given" in printed
    assert f"{calls:,}" in printed


def test_a_known_lm_has_its_list_price(advise_: Advise, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "advice.json"
    assert advise_(STUDY, "--difference", ".1", "--out", out, "--lm", "openai/gpt-4o-mini") == 0
    cost, price = read(out)[0]["parts"]["mean"]["cost"], price_of("openai/gpt-4o-mini")
    assert price is not None
    assert cost["usd"] == pytest.approx(price.usd(cost["prompt_tokens"], cost["completion_tokens"]))
    assert "by LiteLLM" in capsys.readouterr().out
    assert advise_(STUDY, "--difference", ".1", "--out", out) == 0
    assert read(out)[0]["parts"]["mean"]["cost"]["usd"] is None
    assert "local has no list price" in capsys.readouterr().out


def test_a_smaller_difference_and_more_power_need_more(advise_: Advise, tmp_path: Path) -> None:
    found = []
    for flags in (["--difference", ".1"], ["--difference", ".05"], ["--difference", ".05", "--power", ".95"]):
        assert advise_(STUDY, *flags, "--out", tmp_path / "a.json") == 0
        found.append(read(tmp_path / "a.json")[0]["parts"]["mean"]["rows"]["units"])
    assert 3 * found[0] < found[1] < found[2]


def test_raters_change_what_is_seen(advise_: Advise, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "advice.json"
    flags = ["--difference", ".1", "--out", out, "--raters", "2", "--reliability"]
    assert advise_(STUDY, *flags, ".5") == 0
    part = read(out)[0]["parts"]["fear"]
    assert part["raters"]["2"] == part["rows"]["units"]
    single = 0.5 / (2 - 0.5)  # Spearman-Brown backwards
    ratio = (10 * single / (1 + 9 * single)) / 0.5
    assert part["raters"]["10"] == pytest.approx(part["raters"]["2"] / ratio, rel=0.03)
    assert "rows needed by raters a row" in capsys.readouterr().out
    assert advise_(STUDY, *flags, "fear=.9") == 0
    parts = read(out)[0]["parts"]
    assert parts["anger"]["raters"] is None
    assert parts["mean"]["raters"] is None
    assert parts["fear"]["raters"]["10"] > 0.9 * parts["fear"]["raters"]["2"]


def test_a_kept_cell_is_a_pilot_of_one_seed(
    advise_: Advise, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "advice.json"
    assert advise_(STUDY / "cells" / "brighter-SSC-mae-0", "--difference", ".1", "--out", out) == 0
    printed = capsys.readouterr().out
    assert "seeds: unknown from one seed" in printed
    assert "raters: unknown" in printed
    assert "variance of 1 pair of judges" in printed
    (found,) = read(out)
    assert found["pilot"]["pairs"] == 1
    assert all(part["seeds"] is None for part in found["parts"].values())


@pytest.fixture
def pilot(table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose kept judge is the initial one."""
    flags = [*own_task(table), *SIZES[:-1], "0", "--run", "pilot", "--runs-dir", tmp_path / "runs"]
    assert run(optimize.main, *flags, monkeypatch=monkeypatch) == 0
    return tmp_path / "runs" / "pilot"


def test_a_run_without_a_second_judge_gives_an_upper_bound(
    pilot: Path, advise_: Advise, tmp_path: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, out = len(engine.asked), tmp_path / "a.json"
    capsys.readouterr()
    flags = ["--runs-dir", pilot.parent, "--difference", ".2", "--metric", "mae", "--out", out]
    assert advise_("pilot", *flags) == 0
    assert len(engine.asked) == asked
    assert "the most that can be needed" in capsys.readouterr().out
    held, (found,) = read(pilot / "scores.json"), read(out)
    human, judge = (np.array(each, dtype=float)[:, 0] for each in (held["human"], held["judges"]["0"]))
    codes = np.unique(held["clusters"], return_inverse=True)[1]
    wrong, total = np.abs(judge - human), codes.max() + 1
    rest = np.array([wrong[codes != code].mean() for code in range(total)])
    pseudo = total * wrong.mean() - (total - 1) * rest
    expected = needed(Variance(2 * float(pseudo.var(ddof=1)), 3.0), 0.2, alpha=0.05, target=0.8).units
    assert found["parts"]["helpful"]["documents"]["units"] == expected
    assert found["parts"]["helpful"]["bound"]
    timing = read(pilot / "timing.json")
    calls = sum(each["calls"] for each in timing["calls"].values())
    cost = found["parts"]["helpful"]["cost"]
    assert cost["hours"] == pytest.approx(cost["calls"] * timing["seconds"] / calls / 3600)


def test_an_evaluation_gives_an_upper_bound_from_its_intervals(
    pilot: Path, table: Path, advise_: Advise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement, out = tmp_path / "agreement.json", tmp_path / "a.json"
    assert run(evaluate.main, pilot, "--data", table, "--out", agreement, monkeypatch=monkeypatch) == 0
    assert advise_(agreement, "--difference", ".2", "--metric", "mae", "--out", out) == 0
    (found,) = read(out)
    assert (found["pilot"]["rows"], found["pilot"]["documents"]) == (60, 20)
    cell = read(agreement)["pooled"]["mae"]["polite"]
    error = (cell["high"] - cell["low"]) / 2 / 2.093  # t of 19
    expected = needed(Variance(2 * 20 * error**2, 19.0), 0.2, alpha=0.05, target=0.8).units
    assert found["parts"]["polite"]["documents"]["units"] == pytest.approx(expected, abs=1)
    assert found["parts"]["polite"]["bound"]
    cost, spent = found["parts"]["polite"]["cost"], read(agreement)["calls"]["judge"]
    assert cost["calls"] == 2 * found["parts"]["polite"]["rows"]["units"]
    assert cost["prompt_tokens"] == pytest.approx(cost["calls"] * spent["prompt_tokens"] / spent["calls"])


def test_an_evaluation_counts_the_calls_of_separate_judges(
    table: Path, advise_: Advise, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    flags = [*own_task(table), *SIZES[:-1], "0", "--mode", "Single", "--run", "single", "--runs-dir", tmp_path]
    assert run(optimize.main, *flags, monkeypatch=monkeypatch) == 0
    agreement, out = tmp_path / "agreement.json", tmp_path / "a.json"
    assert run(evaluate.main, tmp_path / "single", "--data", table, "--out", agreement, monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    asks = ["--difference", ".2", "--metric", "mae"]
    assert advise_(agreement, *asks, "--out", out) == 0
    part = read(out)[0]["parts"]["mean"]
    assert part["cost"]["calls"] == 2 * 2 * part["rows"]["units"]
    content = read(agreement)
    del content["calls"], content["calls_per_row"]  # as an earlier version wrote it
    agreement.write_text(json.dumps(content))
    assert advise_(agreement, *asks) == 0
    assert "USD unknown, since the pilot does not say how many tokens a call took" in capsys.readouterr().out


def test_single_raters_in_the_pilot_say_how_reliable_ratings_are(
    advise_: Advise, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, table, out = np.random.default_rng(0), tmp_path / "raters.csv", tmp_path / "a.json"
    true = generator.normal(3, 1, size=(60, 1))
    scores = np.clip(np.round(true + generator.normal(size=(60, 2))), 1, 5).astype(int)
    lines = [f"answer {place},{a},{b}" for place, (a, b) in enumerate(scores)]
    table.write_text("\n".join(["answer,anna,ben", *lines]))
    task = ["--data", table, "--inputs", "answer", "--criteria", "helpful:1-5@anna,ben"]
    sizes = ["--train-size", 2, "--val-size", 2, "--test-size", 56, "--steps", 0]
    assert run(optimize.main, *task, *sizes, "--run", "r", "--runs-dir", tmp_path, monkeypatch=monkeypatch) == 0
    assert advise_(tmp_path / "r", "--difference", ".1", "--out", out) == 0
    part = read(out)[0]["parts"]["helpful"]
    single = np.array(read(tmp_path / "r" / "scores.json")["raters"])[:, 0]
    halves = stats.spearmanr(single[:, 0], single[:, 1]).statistic
    assert part["rating"] == {"raters": 2, "reliability": pytest.approx(2 * halves / (1 + halves))}
    assert part["raters"]["2"] == part["rows"]["units"]
    assert part["raters"]["1"] > part["raters"]["2"] > part["raters"]["10"]
    assert advise_(tmp_path / "r", "--difference", ".1", "--metric", "mae", "--out", out) == 0
    assert read(out)[0]["parts"]["helpful"]["rating"] is None


BAD = {
    "no difference": (["STUDY"], "--difference"),
    "no such pilot": (["nothing", "--difference", ".1"], "is no pilot"),
    "no evaluation": (["OTHER", "--difference", ".1"], "is no pilot"),
    "a broken file": (["BROKEN", "--difference", ".1"], "cannot be read as JSON"),
    "an unfinished run": (["UNFINISHED", "--difference", ".1"], "--resume"),
    "a damaged run": (["DAMAGED", "--difference", ".1"], "do not fit together"),
    "cells alone": (["CELLS", "--difference", ".1"], "no study.json"),
    "nothing finished": (["EMPTY", "--difference", ".1"], "no cell of"),
    "too large a difference": (["STUDY", "--difference", "2"], "differ by less than 2"),
    "zero": (["STUDY", "--difference", "0"], "out of range"),
    "power": (["STUDY", "--difference", ".1", "--power", "1"], "out of range"),
    "metric": (["STUDY", "--difference", ".1", "--metric", "rho"], "invalid choice"),
    "misspelt metric": (["STUDY", "--difference", ".1", "--metric", "spearmann"], "did you mean 'spearman'?"),
    "one price": (["STUDY", "--difference", ".1", "--price-in", "1"], "go together"),
    "raters alone": (["STUDY", "--difference", ".1", "--raters", "3"], "go together"),
    "reliability": (["STUDY", "--difference", ".1", "--raters", "3", "--reliability", "1.5"], "out of range"),
    "no number": (["STUDY", "--difference", ".1", "--raters", "3", "--reliability", "good"], "is not a number"),
    "criterion": (["STUDY", "--difference", ".1", "--raters", "3", "--reliability", "feer=.5"], "did you mean 'fear'"),
    "distance": (
        ["STUDY", "--difference", ".1", "--raters", "3", "--reliability", ".5", "--metric", "mae"], "use spearman"
    ),
    "criterion twice": (
        ["STUDY", "--difference", ".1", "--raters", "3", "--reliability", "fear=.5,fear=.6"], "names fear twice"
    ),
    "an evaluation without criteria": (["HOLLOW", "--difference", ".1"], "is no pilot"),
    "out": (["STUDY", "--difference", ".1", "--out", "no/a.json"], "its folder does not exist"),
    "out over the pilot": (["OTHER", "--difference", ".1", "--out", "OTHER"], "would be lost"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line(
    name: str, advise_: Advise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, words = BAD[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.json").write_text('{"pooled": 3}')
    (tmp_path / "broken.json").write_text("{")
    within = {"spearman": {"mean": {"n": 9, "undefined": 0}}}
    hollow = {"pooled": {"spearman": {}}, "by_document": within, "coverage": {"fear": {"rows": 9}}}
    (tmp_path / "hollow.json").write_text(json.dumps(hollow))
    for folder in ("unfinished", "alone/cells", "empty/cells"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "unfinished" / "config.json").write_text("{}")
    (tmp_path / "empty" / "study.json").write_text((STUDY / "study.json").read_text())
    shutil.copytree(CELLS[0], tmp_path / "damaged")
    (tmp_path / "damaged" / "cost.json").write_text('{"judge": {"asked_calls": 3}}')
    places = {
        "DAMAGED": "damaged",
        "STUDY": STUDY, "OTHER": "other.json", "BROKEN": "broken.json", "UNFINISHED": "unfinished",
        "CELLS": "alone", "EMPTY": "empty", "HOLLOW": "hollow.json",
    }  # fmt: skip
    assert advise_(*(places.get(word, word) for word in arguments)) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert words in printed.err
    assert printed.out == ""
    assert (tmp_path / "other.json").read_text() == '{"pooled": 3}'
