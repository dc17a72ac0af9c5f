"""DSPy's own optimizers as runs of optimize.py, end to end on the fake engine."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.optimizer.saved import load_judge
from programs.settings import OPTIMIZERS
from tests.fake import Asked, FakeEngine, fake_lm, plain_score, rubric_in
from tests.optimizer.conftest import Start

PEERS = OPTIMIZERS[1:]
Found = Callable[[str], dict[str, Any]]


def obedient(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
    """The human rating (see the `table` fixture) under a good rubric, else what the plain fake says."""
    place = int(re.findall(r"answer (\d+)", user)[-1])
    if "good" in rubric_in(system, name):
        return {"helpful": 1 + place * 7 % 5, "polite": place * 3 % 4}[name]
    return plain_score(name, system, user, levels)


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
    assert steps[0]["rubric"] == {"helpful": "Rate from 1 to 5.", "polite": "Rate from 0 to 3."}


def test_a_peer_finds_good_rubrics_and_its_judge_is_like_any_other(
    peer: str, start: Start, found: Found, tmp_path: Path, engine: FakeEngine
) -> None:
    engine.score = obedient
    engine.rewrite = lambda name, system, user, levels: "good" if len(engine.asked) % 3 else "a bad one"
    assert start("--optimizer", peer, "--steps", "8", "--run", "one") == 0
    summary = found("one")
    assert summary["after"]["pooled"]["mae"]["mean"]["value"] < summary["before"]["pooled"]["mae"]["mean"]["value"]
    assert summary["kept"][0]["step"] > 0
    judge = load_judge(tmp_path / "runs" / "one")
    assert judge.groups == (("helpful", "polite"),)
    assert "good" in judge.rubric.values()
    with dspy.context(lm=fake_lm(FakeEngine(score=obedient))):
        assert judge(question="Why?", answer="answer 4")["helpful"] in range(1, 6)


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


def test_a_limit_stops_a_peer_with_the_best_so_far(peer: str, start: Start, found: Found, engine: FakeEngine) -> None:
    assert start("--optimizer", peer, "--max-calls", "40", "--threads", "1", "--run", "one") == 0
    assert found("one")["stopped"] == "budget"
    assert len(engine.asked) <= 40
    whole = start("--resume", "one", "--max-calls", "1000")
    assert (whole, found("one")["stopped"]) == (0, None)


def test_an_lm_that_fails_for_good_ends_the_run_and_is_no_score(
    peer: str, start: Start, tmp_path: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.reply = failing_from(60, dspy.LMError("the server is gone"))
    assert start("--optimizer", peer, "--retries", "0", "--run", "one") == 3
    assert "the server is gone" in capsys.readouterr().err
    assert not (tmp_path / "runs" / "one" / "summary.json").exists()
    engine.reply = None
    assert start("--resume", "one") == 0


def test_ctrl_c_ends_a_peer_with_the_best_so_far(peer: str, start: Start, found: Found, engine: FakeEngine) -> None:
    engine.reply = failing_from(50, KeyboardInterrupt())
    assert start("--optimizer", peer, "--threads", "1", "--run", "one") == 130
    assert found("one")["stopped"] == "interrupted"


def failing_from(number: int, error: BaseException) -> Callable[[Asked], None]:
    """A reply that raises from the `number`-th request on."""
    asked: list[Asked] = []

    def reply(each: Asked) -> None:
        asked.append(each)
        if len(asked) >= number:
            raise error

    return reply


def test_missing_scores_are_counted_and_stay_missing(peer: str, start: Start, found: Found, engine: FakeEngine) -> None:
    engine.score = lambda name, system, user, levels: (
        None if name == "polite" and re.search(r"answer \d*[13579]\b", user) else levels[len(user) % len(levels)]
    )
    assert start("--optimizer", peer, "--run", "one") == 0
    summary = found("one")
    assert summary["method"]["unscored"] > 0
    assert summary["before"]["coverage"]["polite"]["unscored"] > 0
    assert summary["before"]["coverage"]["helpful"]["unscored"] == 0


def test_proposals_that_nobody_can_read_end_a_peer_without_a_guess(
    peer: str, start: Start, found: Found, engine: FakeEngine
) -> None:
    engine.reply = lambda asked: "no object at all" if asked.stage == "rewrite" else None
    assert start("--optimizer", peer, "--run", "one") == 0
    summary = found("one")
    assert summary["kept"][0]["step"] == 0
    method = summary["method"]
    assert method.get("unread_proposals", 0) > 0 or method["ended"] == "a proposal could not be read"


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
