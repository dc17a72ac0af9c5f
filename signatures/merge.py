"""The control of conflict resolution: one LM is asked to merge the feedback and to resolve what contradicts itself."""

from collections.abc import Sequence

import dspy

from signatures.records import Criterion
from signatures.request import Request

INSTRUCTIONS = """\
You merge feedback on the rubric of a judge. You see its criteria, the current rubric, and pieces of feedback that come
from several cases; in brackets, the criteria that each piece is about. The pieces may contradict each other, and what
helps one criterion may harm another. For each criterion, write one feedback that holds what the pieces agree on and
resolves each contradiction: say which side to follow, or for which texts each side holds. Speak in it of that criterion
only, and ask for nothing that works against the feedback on another one. Leave out what does not matter. Do not write
the new rubric. Plain text in each field."""

AGREED, HIGH, LOW = "<what works>", "<what to look for>", "<what else>"
"""The gaps of the form."""


def merge_signature(criteria: Sequence[Criterion]) -> type[dspy.Signature]:
    """Criteria, rubric and feedback, and one text output per criterion, so that none loses its part to the others."""
    fields: dict = {
        "criteria": (list[str], dspy.InputField(desc="the criteria and their scales")),
        "rubric": (list[str], dspy.InputField(desc="the current rubric")),
        "feedback": (list[str], dspy.InputField(desc="feedback; in brackets, the criteria that it is about")),
        "request": (Request, dspy.InputField(desc="what to write now, and in which form")),
    }
    for criterion in criteria:
        fields[criterion.name] = (str, dspy.OutputField(desc=f"the merged feedback on {criterion.title} only"))
    return dspy.Signature(fields, INSTRUCTIONS)


def merge_request(criteria: Sequence[Criterion]) -> str:
    """The form of the reply: an opening for each criterion, as a gradient with fields has it."""
    shape = ",".join(f'"{each.name}":"{_form(each)}"' for each in criteria)
    return (
        "Now write the merged feedback, without contradictions, two or three short sentences for each criterion, as "
        f"one JSON object: {{{shape}}}"
    )


def is_merged(text: str) -> bool:
    """Whether a field says anything: it is not the form with its gaps."""
    return bool(text.strip()) and not any(gap in text for gap in (AGREED, HIGH, LOW))


def _form(criterion: Criterion) -> str:
    title = criterion.title
    return f"Keep {AGREED}. Add that signs of high {title} are {HIGH}, and of low {title} {LOW}."
