"""`--resolve router`: a blunt joint gradient is rerouted, where it is blunt and nowhere else."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Moment, Search, as_they_are
from programs.optimizer.router import Router, router
from programs.optimizer.stages import Batch, Stages
from programs.settings import ROLE_NAMES, Settings
from programs.tasks.task import Task
from signatures.records import Judgement, Note
from tests.fake import Asked, FakeEngine, fake_lm, rated_rows

WORDS = {"fluency": "grammar", "relevance": "topic", "coherence": "order", "consistency": "invention"}
"""What a suggestion about a criterion says when its name is hidden."""

SHARP = "Keep the scale. Add that grammar counts. Add what the topic is. Reward good order. Penalize any invention."
BLUNT = "Keep the scale. Add that bad grammar counts. Add what the topic may be. Be more careful."


def told_by_words(asked: Asked) -> str | None:
    """A rater that knows the words: it answers by letter, or rates 9 what speaks of the criterion and else 2."""
    if asked.stage != "rater":
        return None
    if "Decide which" in asked.system:
        options = dict(re.findall(r"^([A-Z]): (.+)$", asked.system, flags=re.MULTILINE))
        meant = next((name for name, word in WORDS.items() if word in asked.user), "none of these in particular")
        return next(letter for letter, name in options.items() if name == meant)
    target = next(name for name in WORDS if f"criterion {name}," in asked.user)
    feedback = asked.user.partition("</feedback>")[0]
    return json.dumps({"rating": 9 if WORDS[target] in feedback else 2})


def moment_of(task: Task, engine: FakeEngine, count: int = 2) -> Moment:
    pool, roles = Pool(2), Roles.of(dict.fromkeys(ROLE_NAMES, fake_lm(engine)))
    rows = rated_rows(task.criterion_names, count)
    batch = Batch(rows, [Judgement(row["row_id"], dict.fromkeys(task.criterion_names, 2)) for row in rows])
    losses = [Note("loss", row["row_id"], (name,), f"critique of {name}") for row in rows for name in WORDS]
    return Moment(Search(roles, pool, Stages.of(roles, pool), rows, 0), 1, Judge(task), batch, losses)


def joint(row: str, text: str) -> Note:
    return Note("gradient", row, tuple(WORDS), text)


@pytest.mark.parametrize("by, threshold, rater", [("attribution", 0.5, 2 * (4 + 3)), ("specificity", 5, 2 * 4)])
def test_a_blunt_gradient_is_rerouted_for_its_row_and_the_criteria_that_it_neglects(
    task: Task, by: str, threshold: float, rater: int
) -> None:
    engine = FakeEngine(reply=told_by_words)
    moment = moment_of(task, engine)
    found = Router(by, threshold)([joint("0", SHARP), joint("1", BLUNT)], moment)
    assert [(note.row, note.group) for note in found] == [
        ("0", tuple(WORDS)),
        ("1", ("fluency", "relevance")),
        ("1", ("coherence",)),
        ("1", ("consistency",)),
    ]
    assert engine.counts() == {**dict.fromkeys(engine.counts(), 0), "rater": rater, "gradient": 2}
    asked = [asked.user for asked in engine.of("gradient")]
    assert all("text number 1" in user for user in asked)
    assert {re.findall("critique of (.*)", user)[0] for user in asked} == {"coherence", "consistency"}
    assert moment.told["resolve"] == {
        "checked": 8,
        "rerouted": 2,
        "unrated": 0,
        "unanswered": 0,
        "rater_calls": rater,
        "gradient_calls": 2,
        "saved": 8 - 2 - 2,
    }


def test_the_threshold_decides(task: Task) -> None:
    for threshold, rerouted in ((1, 0), (9, 2), (10, 4)):
        moment = moment_of(task, FakeEngine(reply=told_by_words))
        Router("specificity", threshold)([joint("0", BLUNT)], moment)
        assert moment.told["resolve"]["rerouted"] == rerouted


def test_a_gradient_that_suggests_nothing_is_short_of_everything_and_asks_no_rater(task: Task) -> None:
    engine = FakeEngine(reply=told_by_words)
    found = Router("attribution", 0.5)([joint("0", "Keep it all. The score is right.")], moment_of(task, engine))
    assert [note.group for note in found] == [(name,) for name in WORDS]
    assert engine.counts()["rater"] == 0


@pytest.mark.parametrize("by, threshold", [("attribution", 0.5), ("specificity", 5)])
def test_a_rater_that_does_not_answer_reroutes_nothing(task: Task, by: str, threshold: float) -> None:
    engine = FakeEngine(reply=lambda asked: "I cannot say." if asked.stage == "rater" else None)
    moment, notes = moment_of(task, engine), [joint("0", BLUNT), joint("1", SHARP)]
    assert Router(by, threshold)(notes, moment) == notes
    assert moment.told["resolve"]["unrated"] == 8 == moment.told["resolve"]["checked"]
    assert engine.counts()["gradient"] == 0


def test_what_is_known_of_a_half_rated_gradient_counts(task: Task) -> None:
    """One suggestion unanswered: it may be about any criterion that has no other."""

    def reply(asked: Asked) -> str | None:
        return "?" if asked.stage == "rater" and "careful" in asked.user else told_by_words(asked)

    moment = moment_of(task, FakeEngine(reply=reply))
    assert Router("attribution", 0.5)([joint("0", BLUNT)], moment) == [joint("0", BLUNT)]
    assert moment.told["resolve"]["unrated"] == 2


def test_a_criterion_without_score_or_critique_is_not_missed(task: Task) -> None:
    engine = FakeEngine(reply=told_by_words)
    moment = moment_of(task, engine, 1)
    unscored = Judgement("0", {**dict.fromkeys(WORDS, 2), "coherence": None})
    silent = [note for note in moment.losses if note.group != ("consistency",)]
    moment = Moment(moment.search, 1, moment.judge, Batch(moment.batch.rows, [unscored]), silent)
    assert Router("attribution", 0.5)([joint("0", BLUNT)], moment) == [joint("0", BLUNT)]
    assert moment.told["resolve"]["checked"] == 2


def test_where_a_separate_gradient_has_no_reply_the_joint_one_still_speaks(task: Task) -> None:
    def reply(asked: Asked) -> str | None:
        return "" if asked.stage == "gradient" and "critique of coherence" in asked.user else told_by_words(asked)

    moment = moment_of(task, FakeEngine(reply=reply))
    found = Router("attribution", 0.5)([joint("0", BLUNT)], moment)
    assert [note.group for note in found] == [("fluency", "relevance", "coherence"), ("consistency",)]
    assert moment.told["resolve"]["unanswered"] == 1


def test_where_gradients_are_separate_it_is_the_papers(task: Task) -> None:
    for settings in (Settings(mode="SSC"), Settings(mode="Single"), Settings(mode="CCC", notes="per-field")):
        assert router(settings) is as_they_are


def blunt_for_polite(asked: Asked) -> str | None:
    """A task of two: joint gradients speak of one; the rater knows it, but now and then it does not answer."""
    if asked.stage == "gradient":
        return "Add what is of use." if "polite" in asked.user and "helpful" in asked.user else "Add what is courteous."
    if asked.stage == "rater":
        letters = {name: letter for letter, name in re.findall(r"^([A-Z]): (\w+)", asked.system, re.MULTILINE)}
        return letters["helpful"] if "of use" in asked.user else letters["polite"]
    return None


def test_a_run_keeps_to_its_estimate_and_comes_to_the_same_however_it_is_interrupted(
    start: Callable[..., int],
    found: Callable[[str], dict[str, Any]],
    engine: FakeEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine.reply = blunt_for_polite
    flags = ["--mode", "SCC", "--steps", "2", "--resolve", "router", "--gate", "mae", "--accept", "not_worse"]
    assert start(*flags, "--run", "routed", "--threads", "1") == 0
    summary, folder = found("routed"), tmp_path / "runs" / "routed"
    told = summary["remedies"]["resolve"]
    assert told["checked"] == 8 and told["rerouted"] == 4 == told["gradient_calls"] and told["saved"] == 0
    for role in ("rater", "gradient"):
        tally = Counter(summary["calls"][role])
        assert tally["calls"] == engine.counts()[role] > 0
        assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"][role]
    feedback = [asked.user for asked in engine.of("rewrite")]
    assert all("(helpful) Add what is of use" in user and "(polite) Add what is courteous" in user for user in feedback)
    steps = [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()][1:]
    for step in steps:  # the joint texts as they were written, and the separate ones
        assert [note["group"] for note in step["gradients"]] == [["helpful", "polite"]] * 2 + [["polite"]] * 2
        assert [note["group"] for note in step["applied"]] == [["helpful"]] * 2 + [["polite"]] * 2
    kept = {name: (folder / name).read_bytes() for name in ("steps.jsonl", "scores.json", "judge.json")}
    lines = (folder / "calls.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "calls.jsonl").write_bytes(b"".join(lines[: len(lines) * 2 // 3]))
    (folder / "summary.json").unlink()
    asked = len(engine.asked)
    assert start_again(tmp_path, monkeypatch) == 0
    assert kept == {name: (folder / name).read_bytes() for name in kept}
    assert len(engine.asked) - asked == len(lines) - len(lines) * 2 // 3


def start_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    from programs import optimize
    from tests.commands import run

    flags = ["--resume", "routed", "--runs-dir", tmp_path / "runs", "--threads", "7"]
    return run(optimize.main, *flags, monkeypatch=monkeypatch)


def test_bad_input_is_one_line(start: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for flags, words in (
        (["--resolve", "ruoter"], "did you mean 'router'"),
        (
            ["--router-threshold", "3"],
            "--router-threshold 3 is no value of --router-by attribution: give one from 0 to 1",
        ),
        (["--router-threshold", "0", "--router-by", "specificity"], "give one from 1 to 10"),
    ):
        assert start(*flags) == 2
        printed = capsys.readouterr().err
        assert words in printed and printed.count("\n") == 1
    assert not (tmp_path / "runs").exists()
