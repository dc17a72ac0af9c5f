"""Blind attribution: which criterion a suggestion is about, when its names are hidden. One letter is the answer.

The options stand in the instructions and the suggestion comes last, so that prefix caches keep all but a few tokens.
"""

from collections.abc import Mapping, Sequence

import dspy

from signatures.records import Criterion
from signatures.request import Request

GENERIC = "(generic)"
"""The option for a suggestion that is about no criterion in particular; no criterion can have this name."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def option_names(criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """The options of the choice: every criterion, and `GENERIC`."""
    return (*(each.name for each in criteria), GENERIC)


def attribution_signature(criteria: Sequence[Criterion], order: Sequence[str]) -> type[dspy.Signature]:
    """The forced choice with its options in `order`, a permutation of `option_names`: the first is A."""
    meanings = {each.name: _meaning(each) for each in criteria} | {GENERIC: "none of these in particular"}
    options = [f"{letter}: {meanings[name]}" for letter, name in zip(LETTERS, order, strict=False)]
    instructions = (
        "A judge scores texts on several qualities. You read one suggestion for its instructions; the names of the "
        "qualities are hidden in it (___). Decide which quality the suggestion is about.\n" + "\n".join(options)
    )
    fields = {
        "suggestion": (str, dspy.InputField(desc="the suggestion")),
        "request": (Request, dspy.InputField(desc="the question")),
        "answer": (str, dspy.OutputField(desc="one letter")),
    }
    return dspy.Signature(fields, instructions)


def attribution_request(order: Sequence[str]) -> str:
    """The question, with the letters that it may be answered by."""
    letters = LETTERS[: len(order)]
    return (
        f"Which quality is this suggestion about? Answer with one letter: {', '.join(letters[:-1])} or {letters[-1]}."
    )


def by_letter(order: Sequence[str]) -> Mapping[str, str]:
    """Letter -> option."""
    return dict(zip(LETTERS, order, strict=False))


def _meaning(criterion: Criterion) -> str:
    return criterion.title if criterion.meaning == criterion.title else f"{criterion.title}. {criterion.meaning}"
