"""Replies: the score is the one that the reply states, or none; never another, and never a crash."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dspy
from hypothesis import strategies as st

from programs.optimizer.judge import Judge
from programs.tasks.describe import task_from_flags
from tests.fake import WRITTEN, FakeEngine, chat_reply
from tests.reliability.fuzzing.target import Draw, Target, anything, characters, damaged_bytes, texts

SCALES = {"helpful": (1, 5), "polite": (0, 15)}
TASK = task_from_flags(inputs="text", criteria="helpful:1-5,polite:0-15")
REPLY = [""]
ENGINE = FakeEngine(reply=lambda asked: REPLY[0])
LM = dspy.LM("fake/model", engine=ENGINE, cache=False, num_retries=0)
JUDGES = {adapter: Judge(TASK, adapter=adapter) for adapter in WRITTEN}


@dataclass(frozen=True)
class Reply:
    """A reply in an adapter's form, and the score that it states of each criterion (None: it states none)."""

    adapter: str
    text: str
    stated: Mapping[str, int | None]


def scores_of(adapter: str, text: str) -> dict[str, float | None]:
    """What the judge reads of a reply, through the whole path that a run takes."""
    REPLY[0] = text
    ENGINE.asked.clear()
    with dspy.context(lm=LM, trace=None, disable_history=True):
        found = JUDGES[adapter].answer(0, {"text": "Hello"})
    return {name: each.score for name, each in found.items()}


def check_stated(reply: Reply) -> None:
    """The score that stands there, or none."""
    for name, score in scores_of(reply.adapter, reply.text).items():
        assert score is None or score == reply.stated[name], f"{name}: read {score}, stated {reply.stated[name]}"


def check_whole(reply: Reply) -> None:
    """A plain whole reply: exactly the scores that stand there."""
    assert scores_of(reply.adapter, reply.text) == dict(reply.stated)


def check_any(reply: Reply) -> None:
    """Whatever was replied: a level of the scale, or none."""
    for name, score in scores_of(reply.adapter, reply.text).items():
        low, high = SCALES[name]
        assert score is None or (score == int(score) and low <= score <= high)


def values(low: int, high: int) -> st.SearchStrategy[tuple[Any, int | None]]:
    """What may stand where a score is to be, and the level that it is."""
    levels = st.integers(low, high)
    spelled = levels.flatmap(
        lambda level: st.sampled_from([level, level, str(level), f" {level} "]).map(lambda each: (each, level))
    )
    beyond = st.sampled_from(
        [low - 1, high + 1, 10**30, -7, 1.5, 2.25, "4/5", "3.5", "", "good", None, True, False, [3], {"score": 3}]
    )
    return spelled | spelled | beyond.map(lambda value: (value, None))


@st.composite
def plain(draw: Draw) -> Reply:
    """Levels, in the form that the adapter asks for."""
    adapter = draw(st.sampled_from(list(WRITTEN)))
    stated = {name: draw(st.integers(*scale)) for name, scale in SCALES.items()}
    return Reply(adapter, _formed(adapter, stated), stated)


prose = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="{}[]#\"'`<>\0"), max_size=30)


@st.composite
def wrapped(draw: Draw) -> Reply:
    """Levels and what is none, between prose, thoughts and fences."""
    adapter = draw(st.sampled_from(list(WRITTEN)))
    drawn = {name: draw(values(*scale)) for name, scale in SCALES.items()}
    stated = {name: level for name, (_, level) in drawn.items()}
    body = _formed(adapter, {name: value for name, (value, _) in drawn.items()})
    if adapter != "chat":
        extra = draw(st.dictionaries(texts.filter(lambda name: name not in SCALES), anything, max_size=2))
        body = json.dumps({**extra, **{name: value for name, (value, _) in drawn.items()}})
        body = draw(st.sampled_from([body, body, f"```json\n{body}\n```", body.replace("{", "{\n", 1)]))
    return Reply(adapter, f"{draw(prose)}\n{body}\n{draw(prose)}", stated)


@st.composite
def cut(draw: Draw) -> Reply:
    """A plain reply that ends too early, as one that ran into its cap."""
    reply = draw(plain())
    return Reply(reply.adapter, reply.text[: draw(st.integers(0, len(reply.text)))], reply.stated)


@st.composite
def contradicting(draw: Draw) -> Reply:
    """Two answers in one reply: a criterion on which they differ states nothing."""
    one, two = draw(plain()), draw(plain())
    stated = {name: level if level == two.stated[name] else None for name, level in one.stated.items()}
    return Reply("compact", f"{_formed('compact', one.stated)}{draw(prose)}{_formed('compact', two.stated)}", stated)


@st.composite
def thought(draw: Draw) -> Reply:
    """A thought that weighs other scores before the answer."""
    one, two = draw(plain()), draw(plain())
    return Reply(
        "compact",
        f"<think>{_formed('compact', two.stated)}{draw(prose)}</think>{_formed('compact', one.stated)}",
        one.stated,
    )


@st.composite
def damaged(draw: Draw) -> Reply:
    reply = draw(wrapped())
    content = draw(damaged_bytes(st.just(reply.text.encode()))).decode(errors="replace")
    return Reply(reply.adapter, content, {})


def _formed(adapter: str, given: Mapping[str, Any]) -> str:
    return chat_reply(given) if adapter == "chat" else json.dumps(given)


TARGETS = {
    "plain replies": Target(plain(), check_whole),
    "replies in prose and fences": Target(wrapped(), check_stated),
    "replies cut off": Target(cut(), check_stated),
    "contradicting replies": Target(contradicting(), check_stated),
    "replies after a thought": Target(thought(), check_whole),
    "damaged replies": Target(damaged(), check_any),
    "random replies": Target(
        st.builds(Reply, st.sampled_from(list(WRITTEN)), st.text(characters, max_size=60), st.just({})), check_any
    ),
}
