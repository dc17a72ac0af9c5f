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

SENTENCE, CIRCLE = 5, 16
"""Fewest words of a sentence, and of an end that goes round in a circle, that are no figure of speech."""

ABOUT_RUBRIC = re.compile(
    r"\b(?:the|this|current|improved|new|old) (?:rubric|feedback)\b|\bfeedback says\b|\bthe judge gave\b", re.IGNORECASE
)
ABOUT_REPLY = re.compile(r"[{}]|\bJSON\b|\breply (?:with|in)\b|\b(?:output|reply|response) format\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?\n]+")
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
    """One sentence three times, or the same words over and over to the end, where a small LM was cut off.

    Not sentences of one form: "A text with 1 shows a little of it. A text with 2 shows ..." defines the levels.
    """
    sentences = Counter(tuple(_words(each)) for each in SENTENCE_END.split(new.text))
    return any(times > 2 and len(said) >= SENTENCE for said, times in sentences.items()) or _circles(_words(new.text))


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
    words = _words(text)
    return [tuple(words[start : start + COPIED_WORDS]) for start in range(len(words) - COPIED_WORDS + 1)]


def _circles(words: Sequence[str]) -> bool:
    """Whether the last words, a good number of them, say one thing three times or more."""
    for period in range(1, len(words) // 3 + 1):
        tail = words[-max(3 * period, CIRCLE) :]
        if len(tail) >= CIRCLE and tail[period:] == tail[:-period]:
            return True
    return False


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
