"""Guards on rewrites: what an LM wrote in place of a rubric is refused before it costs a judgement.

A refused rubric leaves the old one in place, and the step says why. The paper has no guards; what an LM sends as a
rewrite may be an answer about the rubric, a training text, or another scale.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from programs.backends.markers import CONTROL, HEADER, holds
from programs.optimizer.judge import Judge
from programs.optimizer.shown import text_of
from programs.optimizer.stages import Batch
from signatures.records import Criterion, Rubric
from signatures.rewrite import is_rubric

COPIED_WORDS = 8
"""A run of so many words that a rubric shares with a training text is a copy of it."""

ABOUT_RUBRIC = re.compile(
    r"\b(?:the|this|current|improved|new|old) (?:rubric|feedback)\b|\bfeedback says\b|\bthe judge gave\b", re.IGNORECASE
)
ABOUT_REPLY = re.compile(r"[{}]|\bJSON\b|\breply (?:with|in)\b|\b(?:output|reply|response) format\b", re.IGNORECASE)
MARKER = f"{HEADER}|{CONTROL}"
RANGE = re.compile(r"\b(?:from|between|scale of)\s+(-?\d+)\s*(?:\([^)]*\)\s*)?(?:to|and|-)\s*(-?\d+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """A rewrite that was refused, and why."""

    reason: str
    text: str


Guard = Callable[[Judge, Batch, Rubric], tuple[Rubric, Mapping[str, Refusal]]]
"""The judge before the step, its batch and the proposed rubrics -> the rubrics that pass, and the others' refusals."""


@dataclass(frozen=True)
class Rewritten:
    """One criterion's rewrite, with the rubric that it replaces and the texts that its writer has seen."""

    criterion: Criterion
    text: str
    before: str
    cases: Sequence[str]


def says_nothing(new: Rewritten) -> bool:
    return not is_rubric(new.text)


def speaks_of_the_rubric(new: Rewritten) -> bool:
    """An answer to whoever asked for the rewrite, not an instruction to the judge."""
    return ABOUT_RUBRIC.search(new.text) is not None and ABOUT_RUBRIC.search(new.before) is None


def speaks_of_reply_formats(new: Rewritten) -> bool:
    return ABOUT_REPLY.search(new.text) is not None and ABOUT_REPLY.search(new.before) is None


def holds_a_marker(new: Rewritten) -> bool:
    """A token of a chat template or a field's header, which no judge's prompt may hold: some training text had one."""
    return holds(new.text, MARKER) and not holds(new.before, MARKER)


def names_another_scale(new: Rewritten) -> bool:
    """A range of whole numbers that leaves the criterion's own; a part of the scale ("from 1 to 2") is none."""
    low, high = new.criterion.low, new.criterion.high
    return any(not low <= int(end) <= high for found in RANGE.findall(new.text) for end in found)


def copies_a_case(new: Rewritten) -> bool:
    copied = set(_runs(new.text)) - set(_runs(new.before))
    return any(not copied.isdisjoint(_runs(case)) for case in new.cases)


def repeats_itself(new: Rewritten) -> bool:
    """The same eight words three times: a small LM that went round in a circle until it was cut off."""
    return any(times > 2 for times in Counter(_runs(new.text)).values())


REASONS: Mapping[str, Callable[[Rewritten], bool]] = {
    "says nothing": says_nothing,
    "speaks of the rubric": speaks_of_the_rubric,
    "speaks of reply formats": speaks_of_reply_formats,
    "holds a marker": holds_a_marker,
    "names another scale": names_another_scale,
    "copies a training text": copies_a_case,
    "repeats itself": repeats_itself,
}


def refusing(*reasons: str) -> Guard:
    """A guard that refuses for these reasons, the first that holds."""

    def guard(judge: Judge, batch: Batch, proposal: Rubric) -> tuple[Rubric, Mapping[str, Refusal]]:
        cases = [text_of(judge, row) for row in batch.rows]
        refused = {}
        for criterion in judge.task.criteria:
            if (text := proposal.get(criterion.name)) is not None:
                new = Rewritten(criterion, text, judge.rubric[criterion.name], cases)
                if reason := next((each for each in reasons if REASONS[each](new)), None):
                    refused[criterion.name] = Refusal(reason, text)
        return {name: text for name, text in proposal.items() if name not in refused}, refused

    return guard


GUARDS: Mapping[str, Guard] = {"on": refusing(*REASONS), "off": refusing("says nothing")}
"""`--guard`. Without guards only what holds no word is refused: it cannot be a rubric."""


def _runs(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return [tuple(words[start : start + COPIED_WORDS]) for start in range(len(words) - COPIED_WORDS + 1)]
