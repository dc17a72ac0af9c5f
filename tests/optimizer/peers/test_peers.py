"""DSPy's own optimizers as runs of optimize.py, end to end on the fake engine."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from programs.optimizer.saved import load_judge
from programs.settings import OPTIMIZERS
from tests.fake import FakeEngine
from tests.optimizer.conftest import Start

PEERS = OPTIMIZERS[1:]
Found = Callable[[str], dict[str, Any]]


def requests(engine: FakeEngine) -> list[str]:
    return [f"{each.system}|{each.user}|{each.request.config}" for each in engine.asked]


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_peer_runs_to_the_end_within_the_textual_gradients_calls(
    peer: str, start: Start, found: Found, tmp_path: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start("--run", "ours") == 0
    most = sum(found("ours")["estimate"].values())
    engine.asked.clear()
    capsys.readouterr()
    assert start("--optimizer", peer.upper(), "--run", "one") == 0
    printed = "".join(capsys.readouterr())
    summary = found("one")
    assert (summary["method"]["optimizer"], summary["stopped"]) == (peer, None)
    assert sum(summary["estimate"].values()) <= most
    sent = {role: tally["calls"] for role, tally in summary["calls"].items()}
    assert sent == {role: count for role, count in engine.counts().items() if count}
    for role, tally in summary["calls"].items():
        assert tally["calls"] <= summary["estimate"][role]
    assert summary["before"] == found("ours")["before"]
    assert not re.search(r"Average Metric|Bootstrap|it/s|SOURCE CODE|==>|Iteration", printed)
    steps = [json.loads(line) for line in (tmp_path / "runs" / "one" / "steps.jsonl").read_text().splitlines()]
    assert [step["step"] for step in steps] == list(range(summary["method"]["candidates"]))
    assert len(steps) > 1
    judge = load_judge(tmp_path / "runs" / "one")
    assert judge.groups == (("helpful", "polite"),)
    assert judge.rubric == steps[-1]["rubric"]
    assert steps[0]["rubric"] == {"helpful": "Rate from 1 to 5.", "polite": "Rate from 0 to 3."}


def test_a_resumed_peer_repeats_no_call(
    peer: str, start: Start, found: Found, tmp_path: Path, engine: FakeEngine
) -> None:
    assert start("--optimizer", peer, "--threads", "1", "--run", "whole") == 0
    whole, half = tmp_path / "runs" / "whole", tmp_path / "runs" / "half"
    half.mkdir()
    (half / "config.json").write_bytes((whole / "config.json").read_bytes())
    lines = (whole / "calls.jsonl").read_bytes().splitlines(keepends=True)
    (half / "calls.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    first = requests(engine)
    engine.asked.clear()
    assert start("--resume", "half") == 0
    assert sorted(requests(engine)) == sorted(first[len(lines) // 2 :])
    resumed, straight = found("half"), found("whole")
    for part in ("before", "after", "difference", "kept", "method", "estimate"):
        assert resumed[part] == straight[part]
    for name in ("judge.json", "steps.jsonl"):
        assert (half / name).read_bytes() == (whole / name).read_bytes()


def test_every_mode_gives_a_peer_its_calls_and_the_joint_prompt(start: Start, found: Found, tmp_path: Path) -> None:
    assert start("--mode", "Single", "--optimizer", "gepa", "--run", "one", "--steps", "2") == 0
    assert load_judge(tmp_path / "runs" / "one").groups == (("helpful", "polite"),)
    assert start("--mode", "CCC", "--optimizer", "gepa", "--run", "two", "--steps", "2") == 0
    assert sum(found("one")["estimate"].values()) > sum(found("two")["estimate"].values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--optimizer", "gpea"], "did you mean 'gepa'"),
        (["--optimizer", "copro", "--control", "shuffled"], "goes with --optimizer textgrad"),
        (["--optimizer", "copro", "--steps", "0"], "raise --steps or --batch-size, or lower --val-size"),
        (["--optimizer", "gepa", "--steps", "0"], "--optimizer gepa needs at least"),
        (["--optimizer", "miprov2", "--steps", "0"], "--optimizer miprov2 needs at least"),
        (["--control", "noise"], "unknown 'noise'"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    arguments: list[str], words: str, start: Start, tmp_path: Path, engine: FakeEngine, capsys: Any
) -> None:
    assert start(*arguments) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert words in printed
    assert not engine.asked
    assert not (tmp_path / "runs").exists()


def test_miprov2_says_what_it_needs(start: Start, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("programs.optimizer.peers.instructions.find_spec", lambda name: None)
    assert start("--optimizer", "miprov2") == 2
    assert "pip install -e '.[peers]'" in capsys.readouterr().err
