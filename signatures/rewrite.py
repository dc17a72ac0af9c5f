"""The rewrite: once per step, the batch's gradients become new rubric(s)."""

import re
from collections.abc import Sequence

import dspy

from signatures.records import Criterion, nearest_level
from signatures.request import Request

INSTRUCTIONS = """\
You rewrite the rubric that a judge follows. You see the current rubric, cases that the judge scored with it, and
feedback on the rubric from these cases; in brackets, the criteria that each piece of feedback is about. Write the
improved rubric for each listed criterion: keep what works, apply the feedback, and say in general terms what the levels
of the scale look like. A rubric is an instruction to the judge, no longer than it needs to be: do not copy the cases
into it, do not mention the feedback, keep the scale as it is, and say nothing of reply formats."""


def rewrite_signature(criteria: Sequence[Criterion]) -> type[dspy.Signature]:
    """The signature that rewrites the rubrics of `criteria` in one call: one text output per criterion.

    Separate and joint rewrites are this signature with a shorter or longer list, in the same format.
    """
    fields: dict = {
        "rubric": (list[str], dspy.InputField(desc="the current rubric")),
        "cases": (list[str], dspy.InputField(desc="texts and the judge's scores")),
        "feedback": (list[str], dspy.InputField(desc="feedback on the rubric")),
        "request": (Request, dspy.InputField(desc="what to write now, and in which form")),
    }
    for criterion in criteria:
        desc = f"the improved rubric for {criterion.title}, on the scale {criterion.low} to {criterion.high}"
        fields[criterion.name] = (str, dspy.OutputField(desc=desc))
    return dspy.Signature(fields, INSTRUCTIONS)


def rewrite_request(criteria: Sequence[Criterion]) -> str:
    """The form of the reply. Without it the embedded model wrote rubrics such as "," on every batch looked at; asked to
    complete sentences ("1 means ..., 2 means ...") it copied them, or turned a scale upside down."""
    shape = ",".join(f'"{each.name}":"{rubric_form(each)}"' for each in criteria)
    return f"Now write the improved rubric, an instruction to the judge for any text, as one JSON object: {{{shape}}}"


def is_rubric(text: str) -> bool:
    """Whether a rewrite says anything: it holds a word, and is not the request's form copied with its gaps."""
    copied = text.lstrip().startswith("<") or text.count("...") > 1 or re.fullmatch(r"\s*\w+ \.\.\.\s*", text)
    return re.search(r"\w\w", text) is not None and not copied


def named_levels(criterion: Criterion) -> tuple[int, ...]:
    """All levels of a scale of up to five, else five spread over it: a rewrite may drop levels that are not named."""
    levels = criterion.levels
    if len(levels) <= 5:
        return levels
    return tuple(levels[nearest_level(step * (len(levels) - 1) / 4)] for step in range(5))


def rubric_form(criterion: Criterion) -> str:
    """What stands for a rubric in the form of a reply."""
    *lower, highest = map(str, named_levels(criterion))
    levels = f"{', '.join(lower)} and {highest}" if lower else highest
    return f"<what to look for in a text to judge {criterion.title}, and what a text of {levels} is like>"
