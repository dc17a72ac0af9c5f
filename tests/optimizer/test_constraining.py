"""`--constrain`: what is too long is condensed, what is too short is completed, and only what fits is believed."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metrics.length import Lengths
from metrics.tokens import count_tokens
from programs.backends.roles import Roles
from programs.optimizer.constraining import BAND, LEAST_CONDENSED, Constrainer, equalized, in_band, shrunk
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.plugs import Moment, Search
from programs.optimizer.stages import Batch, Stages
from programs.settings import ROLE_NAMES
from programs.tasks.task import Task
from signatures.records import Judgement, Note
from tests.fake import Asked, FakeEngine, fake_lm, rated_rows

NAMES = ("fluency", "relevance", "coherence", "consistency")


def of_words(count: int, name: str = "the text") -> str:
    """A sound rubric of so many words, each a token, none of them in a row twice as guards have it."""
    return " ".join([f"Look at {name}:", *(f"{'abcdefghij'[place % 10]}{place}" for place in range(count))])


def of_tokens(count: int, name: str = "the text") -> str:
    """The longest of these rubrics that has no more tokens."""
    return next(text for words in range(count, -1, -1) if count_tokens(text := of_words(words, name)) <= count)


def obedient(asked: Asked) -> str | None:
    """Says a rubric in as many words as it is asked to."""
    if asked.stage != "condense":
        return None
    field, words = re.findall(r'{"(\w+)":', asked.user)[0], int(re.findall(r"(\d+) words, as one", asked.user)[0])
    title = re.findall(r"rubric for (\w+)", asked.user)[0]
    return json.dumps({field: " ".join(of_words(words, title).split()[:words])})


def moment_of(task: Task, engine: FakeEngine, judge: Judge | None = None) -> Moment:
    roles = Roles.of(dict.fromkeys(ROLE_NAMES, fake_lm(engine)))
    pool = Pool(2, skipped=roles.calls.skip)
    rows = rated_rows(NAMES, 1)
    batch = Batch(rows, [Judgement("0", dict.fromkeys(NAMES, 2))])
    return Moment(Search(roles, pool, Stages.of(roles, pool), rows, 0), 1, judge or Judge(task), batch, [])


GRADIENTS = [
    Note("gradient", "0", ("fluency", "relevance"), "Add spelling."),
    Note("gradient", "0", ("coherence",), "No."),
]
LONG, SHORT = {"fluency": 400, "relevance": 60, "coherence": 70, "consistency": 80}, {"fluency": 10, "coherence": 70}


def test_what_is_too_long_is_condensed_to_the_median_and_nothing_else_is_asked(task: Task) -> None:
    engine = FakeEngine(reply=obedient)
    moment, proposal = moment_of(task, engine), {name: of_tokens(count) for name, count in LONG.items()}
    found = Constrainer(equalized)(proposal, GRADIENTS, moment)
    (asked,) = engine.of("condense")
    assert proposal["fluency"] in asked.user and "summarize" in asked.user and "Add spelling" not in asked.user
    assert {name: text for name, text in found.items() if text == proposal[name]}.keys() == set(NAMES) - {"fluency"}
    told = moment.told["constrain"]
    assert (told["condensed"], told["extended"], told["refused"]) == (1, 0, 0)
    assert told["before"]["fluency"] > 350 and in_band(told["after"]["fluency"], 75)
    assert told["tokens_before"] - told["tokens_after"] == told["before"]["fluency"] - told["after"]["fluency"]
    assert moment.search.roles.calls.summary()["condense"]["skipped"] == 3


def test_what_says_too_little_is_completed_from_the_gradients_that_concern_it(task: Task) -> None:
    engine = FakeEngine(reply=obedient)
    moment = moment_of(task, engine, Judge(task, rubric={"relevance": of_tokens(70), "consistency": of_tokens(70)}))
    found = Constrainer(equalized)({name: of_tokens(count) for name, count in SHORT.items()}, GRADIENTS, moment)
    (asked,) = engine.of("condense")
    assert "(fluency, relevance) Add spelling." in asked.user and "No." not in asked.user
    assert set(found) == {"fluency", "coherence"} and in_band(count_tokens(found["fluency"]), 70)
    assert moment.told["constrain"]["extended"] == 1


def test_without_a_gradient_there_is_nothing_to_complete_it_from(task: Task) -> None:
    engine = FakeEngine(reply=obedient)
    moment = moment_of(task, engine, Judge(task, rubric={name: of_tokens(70) for name in NAMES}))
    short = {"consistency": "Does it invent?"}
    assert Constrainer(equalized)(short, GRADIENTS, moment) == short
    assert moment.told["constrain"]["without_feedback"] == 1 and not engine.asked


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"shorter": "Be strict."}),
        json.dumps({"shorter": of_tokens(390)}),
        json.dumps({"shorter": of_tokens(60) + " The rubric does not need to be changed."}),
        json.dumps({"shorter": "<the same rubric for fluency in at most 40 words>" + of_tokens(50)}),
        '{"shorter": "' + of_tokens(75),
        "",
    ],
)
def test_an_answer_off_the_band_or_that_is_no_rubric_leaves_the_old_text(task: Task, reply: str) -> None:
    engine = FakeEngine(reply=lambda asked: reply if asked.stage == "condense" else None)
    moment, proposal = moment_of(task, engine), {name: of_tokens(count) for name, count in LONG.items()}
    assert Constrainer(equalized)(proposal, GRADIENTS, moment) == proposal
    told = moment.told["constrain"]
    assert (told["condensed"], told["refused"], told["before"]) == (0, 1, told["after"])


def test_what_is_no_rubric_is_left_to_the_guard_and_counts_for_no_length(task: Task) -> None:
    engine = FakeEngine(reply=obedient)
    judge = Judge(task, rubric={name: of_tokens(70) for name in NAMES})
    moment, talk = moment_of(task, engine, judge), {"fluency": "The rubric is fine. " + of_tokens(300)}
    assert Constrainer(equalized)(talk, GRADIENTS, moment) == talk
    assert not engine.asked and moment.told["constrain"]["before"]["fluency"] <= 70


def test_it_acts_only_outside_the_band_and_what_it_made_stays_in_it(task: Task) -> None:
    """Hysteresis: what is condensed aims at the target, not at the band's edge."""
    edge = round(60 * BAND)
    assert equalized({"a": edge, "b": 60, "c": 60}, ("a",)) == {}
    assert equalized({"a": edge + 1, "b": 60, "c": 60}, ("a",)) == {"a": 60}
    assert equalized({"a": 8, "b": 8, "c": 90}, ("c",)) == {"c": LEAST_CONDENSED}
    assert equalized({"a": 8, "b": 8, "c": 90}, ("c",), 80) == {}
    assert equalized({"a": 22, "b": 24, "c": 23}, ("a", "b", "c")) == {}
    assert equalized({"a": 900}, ("a",)) == {} != equalized({"a": 900}, ("a",), 80)
    assert equalized({"a": 900, "b": 10, "c": 50}, ()) == {}  # frozen by the schedule


@pytest.mark.parametrize("lengths", [(400, 60, 70, 80), (800, 4, 90, 100), (50, 60, 300, 200)])
def test_the_placebo_has_the_total_of_the_remedy_and_the_ratios_of_before(lengths: tuple[int, ...]) -> None:
    before = dict(zip(NAMES, lengths, strict=True))
    remedy, placebo = before | equalized(before, NAMES), shrunk(before, NAMES)
    assert sum(placebo.values()) == pytest.approx(sum(remedy.values()), abs=4)
    assert Lengths(placebo).gini == pytest.approx(Lengths(before).gini, abs=0.02)
    assert Lengths(remedy).gini < Lengths(before).gini / 2
    assert all(placebo[name] <= before[name] for name in NAMES)


def test_the_placebo_acts_when_the_remedy_does_and_never_lengthens() -> None:
    assert shrunk(dict.fromkeys(NAMES, 60), NAMES) == {}
    short = {"fluency": 8, "relevance": 100, "coherence": 100, "consistency": 100}
    assert shrunk(short, NAMES) == short  # the remedy would lengthen: the same again, in other words


def test_the_placebo_asks_for_all_of_them(task: Task) -> None:
    engine = FakeEngine(reply=obedient)
    moment, proposal = moment_of(task, engine), {name: of_tokens(count) for name, count in LONG.items()}
    Constrainer(shrunk)(proposal, GRADIENTS, moment)
    told = moment.told["constrain"]
    assert len(engine.of("condense")) == 4 and told["condensed"] + told["refused"] == 4
    assert not any("feedback>" in asked.user for asked in engine.asked)


def test_rubrics_of_separate_prompts_share_no_length(task: Task) -> None:
    engine = FakeEngine(reply=obedient)
    moment = moment_of(task, engine, Judge(task, groups("S", NAMES)))
    proposal = {name: of_tokens(count) for name, count in LONG.items()}
    assert Constrainer(equalized)(proposal, GRADIENTS, moment) == proposal and not engine.asked
    Constrainer(equalized, 75)(proposal, GRADIENTS, moment)
    assert len(engine.of("condense")) == 1


def test_a_run_keeps_to_its_estimate_and_comes_to_the_same_with_other_threads(
    start: Callable[..., int], found: Callable[[str], dict[str, Any]], engine: FakeEngine, tmp_path: Path
) -> None:
    engine.reply = obedient
    engine.rewrite = lambda name, system, user, levels: of_tokens(300 if name == "polite" else 60)
    flags = ["--mode", "SSC", "--steps", "2", "--gate", "none", "--keep", "last", "--constrain", "length"]
    flags += ["--length-target", "60"]
    files = []
    for threads in ("1", "6"):
        assert start(*flags, "--run", threads, "--threads", threads) == 0
        folder = tmp_path / "runs" / threads
        files.append([(folder / name).read_bytes() for name in ("steps.jsonl", "judge.json", "scores.json")])
    assert files[0] == files[1]
    summary = found("1")
    assert summary["remedies"]["constrain"]["condensed"] == 2
    tally = Counter(summary["calls"]["condense"])
    assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"]["condense"] == 4
    steps = [json.loads(line) for line in files[0][0].decode().splitlines()]
    assert in_band(count_tokens(steps[-1]["rubric"]["polite"]), 60)
    assert steps[-1]["told"]["constrain"]["before"]["polite"] > 250


def test_bad_input_is_one_line(start: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    for flags, words in (
        (["--constrain", "lenght"], "did you mean 'length'"),
        (["--length-target", "3"], "--length-target"),
    ):
        assert start(*flags) == 2
        printed = capsys.readouterr().err
        assert words in printed and printed.count("\n") == 1
