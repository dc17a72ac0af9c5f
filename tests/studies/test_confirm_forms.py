"""confirm.py on judges of every form: with anchors, divided among calls, rotated, calibrated, read by expectations."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest
import scipy
from dspy.lm15 import Request, Response

from programs.errors import UserError
from programs.optimizer.saved import load_judge
from programs.settings import Settings
from programs.tasks.loading import load_rows
from programs.tasks.sealed import half_of
from programs.tasks.task import load_task
from tests.fake import DoubtfulEngine, fake_lm
from tests.studies.confirming import Confirm, Opened, finished_study, opened_once

ARMS = """
seeds = [0, 1]
readout = "expected"
calibrate = "isotonic"
train-size = 15
val-size = 8
test-size = 8
steps = 0
threads = 2
[arms.uncalibrated]
calibrate = "none"
[arms.alike]
[arms.anchors]
anchors = 2
[arms.separate]
judge = "separate"
[arms.isolated]
judge = "isolated"
anchors = 2
[arms.rotate]
order = "rotate"
[arms.single]
mode = "Single"
[arms.digits]
readout = "digits"
calibrate = "none"
anchors = 2
[arms.ensemble]
control = "ensemble"
"""
ROWS = 16
CALLS = {
    "anchors": 1, "uncalibrated": 1, "separate": 2, "isolated": 2, "rotate": 2, "single": 2, "digits": 1, "alike": 1,
}  # fmt: skip
"""Calls a row by arm."""
PLAN = ("--primary", "anchors", "--against", "uncalibrated,separate,isolated,rotate,single,digits", "--rows", ROWS)
DISTINCT = 1 + 2 + 2 * 2 + 2 + 1 + 2
"""Requests a row over both seeds: the initial prompt; with each seed's anchors, in one call and isolated; separate,
which Single asks too; the other order; with each seed's anchors and no probabilities."""


class Counting(DoubtfulEngine):
    """Says how much of a prompt it had in its cache: all words but the last."""

    def complete(self, request: Request) -> Response:
        response = super().complete(request)
        words = len(self.asked[-1].user.split())
        return replace(response, usage=replace(response.usage, input_tokens=100 + words, cache_read_tokens=100))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs folder of the finished study. Not to be changed."""
    return finished_study(tmp_path_factory.mktemp("forms"), ARMS, Counting)


@pytest.fixture
def opening(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Confirm:
    return Confirm(Path(shutil.copytree(made, tmp_path / "runs")), monkeypatch, Counting())


@pytest.fixture(scope="module")
def opened(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """The plan, confirmed without a stop."""
    return opened_once(made, tmp_path_factory.mktemp("opened"), *PLAN, engine=Counting())


def sealed_rows(made: Path) -> list[dspy.Example]:
    task = load_task(str(made.parent / "own.toml"))
    return half_of(load_rows(task), task, "confirmation")[:ROWS]


def asked(opening: Confirm) -> list[str]:
    """Every request of all sessions."""
    return [
        f"{each.system}|{[message.text for message in each.request.messages]}|{each.request.config}"
        for engine in opening.engines
        for each in engine.asked
    ]


def test_every_form_is_asked_as_it_was_made_and_what_is_alike_once(opened: Opened, made: Path) -> None:
    assert f"at most {DISTINCT * ROWS} LM calls" in opened.err
    assert len(asked(opened.confirm)) == len(set(asked(opened.confirm))) == DISTINCT * ROWS
    results = opened.results
    assert results["reference"]["arm"] == "alike"
    assert {name: judges[0]["calls"] for name, judges in results["judges"].items()} == {
        name: calls * ROWS for name, calls in CALLS.items()
    }
    rows = sealed_rows(made)
    human = np.array([[row["helpful"], row["polite"]] for row in rows])
    for arm in CALLS:
        folder = made / "abl" / "cells" / f"own-{arm}-1"
        with dspy.context(lm=fake_lm(Counting(), temperature=0.1)):
            judge = load_judge(folder)
            said = [judge(**{name: row[name] for name in judge.task.input_names}) for row in rows]
        scores = np.array([[each["helpful"], each["polite"]] for each in said], dtype=float)
        assert len(np.unique(scores)) > 2
        ranks = [scipy.stats.spearmanr(scores[:, place], human[:, place]).statistic for place in (0, 1)]
        found = results["arms"][arm]
        assert found["by_seed"][1] == pytest.approx(np.mean(ranks)), arm
        assert found["scored"] == found["scores"] == [2 * ROWS] * 2
        assert (json.loads((folder / "judge.json").read_text())["judgegrad"].get("calibration") is None) == (
            arm in ("uncalibrated", "digits")
        )
    error = {arm: found["cells"]["mae"]["mean"]["value"] for arm, found in results["arms"].items()}
    first = results["contrasts"][0]
    assert first["error"]["value"] == pytest.approx(error["anchors"] - error["uncalibrated"])
    assert abs(first["error"]["value"]) > 0.01


def test_the_ensemble_is_counted_with_the_prompt_that_it_repeats(
    opening: Confirm, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opening("--primary", "ensemble", "--against", "alike", "--rows", ROWS) == 0
    judges = opening.openings[-1]["results"]["judges"]
    assert judges["ensemble"][0]["calls"] >= 2 * ROWS
    assert len(asked(opening)) == judges["ensemble"][0]["calls"]  # the first member is the prompt itself
    assert f"at most {len(asked(opening))} LM calls" in capsys.readouterr().err


@pytest.mark.parametrize("stops", [(3, 40), (70, 71, 130)])
def test_stopped_anywhere_it_goes_on_without_repeating_a_call(
    stops: tuple[int, ...], opening: Confirm, opened: Opened
) -> None:
    class Stopping(Counting):
        most = 0

        def complete(self, request: Request) -> Response:
            if sum(len(each.asked) for each in opening.engines) >= self.most:
                raise KeyboardInterrupt
            return super().complete(request)

    resumed: tuple[str, ...] = ()
    for most in stops:
        opening.engines.append(Stopping())
        opening.engines[-1].most = most  # type: ignore[attr-defined]
        assert opening(*(resumed or PLAN)) == 130
        resumed = ("--resume",)
    opening.engines.append(Counting())
    assert opening(*resumed) == 0
    assert Counter(asked(opening)).most_common(1)[0][1] == 1
    assert len(asked(opening)) == DISTINCT * ROWS
    stopped = opening.openings[-1]["results"]
    assert all(value is not None and value > 0 for each in stopped["seconds"].values() for value in each)
    for name in ("arms", "contrasts", "judges"):
        assert stopped[name] == opened.results[name]


def test_what_a_row_takes_stands_beside_the_joint_prompt(opened: Opened) -> None:
    results = opened.results
    tokens = {
        name: judges[0]["prompt_tokens"] - judges[0]["cached_prompt_tokens"]
        for name, judges in results["judges"].items()
    }
    lines = (opened.confirm.path / "confirmation.md").read_text().splitlines()
    (start,) = (place for place, line in enumerate(lines) if "What the judges took a row" in line)
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:] if line.startswith("|")]
    assert table[0] == [
        "arm",
        "calls",
        "prompt tokens",
        "evaluated tokens",
        "of joint prompt",
        "reply tokens",
        "seconds",
    ]
    shown = {row[0]: row for row in table[2:]}
    assert shown.keys() == CALLS.keys()
    for name, row in shown.items():
        assert row[1] == f"{CALLS[name]:.1f}"
        assert float(row[4]) == pytest.approx(tokens[name] / tokens["alike"], abs=0.006)
        assert float(row[6]) >= 0
    assert shown["separate"][4] == "2.00"


def headline(opening: Confirm) -> str:
    return (opening.path / "confirmation.md").read_text().splitlines()[2]


def without(opening: Confirm, *arms: str) -> None:
    """Takes arms out of the study."""
    file = opening.path / "study.json"
    stored: dict[str, Any] = json.loads(file.read_text())
    for arm in arms:
        del stored["study"]["arms"][arm]
    file.write_text(json.dumps(stored))


def test_the_initial_prompt_is_the_arm_that_is_read_like_the_primary_one(
    opening: Confirm, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--against", "separate", "--rows", ROWS, "--again")
    for primary, words in (
        ("rotate", "alike is the joint initial prompt, read as rotate is (expected, isotonic)"),
        ("alike", "alike is the joint initial prompt itself"),
        ("digits", "initial is the task's own prompt without anchors, read as digits is (digits)"),
    ):
        assert opening("--primary", primary, *flags) == 0
        assert f"Here {words}." in headline(opening)
        assert f"; {words}; at most" in capsys.readouterr().err
    without(opening, "alike")
    assert opening("--primary", "anchors", *flags) == 0
    assert "not calibrated, in the readout of anchors (expected): the study has no arm" in headline(opening)
    found = opening.openings[-1]["results"]
    assert found["reference"]["arm"] == "initial"
    assert found["arms"]["initial"]["by_seed"][0] == found["arms"]["initial"]["by_seed"][1]


def test_auto_finds_the_strongest_and_of_equals_the_one_that_is_read_alike(opening: Confirm) -> None:
    assert opening("--primary", "anchors", "--against", "auto", "--rows", ROWS) == 0
    (found,) = opening.openings
    chosen = found["chosen"]
    assert chosen.keys() == {*CALLS, "uncalibrated"} - {"anchors"}
    assert chosen["alike"] == pytest.approx(chosen["uncalibrated"])
    assert list(chosen)[-2:] == ["uncalibrated", "digits"]
    assert chosen[found["against"][0]] == max(chosen.values())
    assert any(each["rival"] == "alike" for each in found["results"]["contrasts"])
    without(opening, *(name for name in (*CALLS, "ensemble") if name not in ("anchors", "uncalibrated", "alike")))
    assert opening("--primary", "anchors", "--against", "auto", "--rows", ROWS, "--again") == 0
    assert opening.openings[-1]["against"] == ["alike"]
    without(opening, "alike")
    assert opening("--primary", "anchors", "--against", "auto", "--rows", ROWS, "--again") == 0
    assert opening.openings[-1]["chosen"].keys() == {"uncalibrated", "initial"}


def test_the_lm_of_every_arm_is_looked_for_before_a_row_is_opened(
    opening: Confirm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def look(settings: Settings) -> None:
        if settings.readout == "digits":
            raise UserError("LM 'other' needs an API key")

    monkeypatch.setattr("programs.confirming.session.check_lms", look)
    assert opening("--primary", "anchors", "--against", "alike,digits", "--rows", ROWS) == 2
    assert "LM 'other' needs an API key" in capsys.readouterr().err
    assert not opening.openings
