"""The paraphrase control: the rewrite without a gradient, told to say the same in other words."""

from collections.abc import Sequence

import dspy

from signatures.records import Criterion
from signatures.request import Request

INSTRUCTIONS = """\
You rewrite the rubric that a judge follows, in other words. Say exactly the same as the current rubric for each listed
criterion: add nothing, leave nothing out, be no longer, keep the scale as it is, and say nothing of reply formats."""

OPENINGS = ("Decide", "Assess", "Estimate", "Judge", "Say", "Weigh")
"""The first words of one wording after the other."""


def paraphrase_signature(criteria: Sequence[Criterion]) -> type[dspy.Signature]:
    """The signature that rewords the rubrics of `criteria` in one call: one text output per criterion."""
    fields: dict = {
        "rubric": (list[str], dspy.InputField(desc="the current rubric")),
        "request": (Request, dspy.InputField(desc="what to write now, and in which form")),
    }
    for criterion in criteria:
        desc = f"the same rubric for {criterion.title} in other words"
        fields[criterion.name] = (str, dspy.OutputField(desc=desc))
    return dspy.Signature(fields, INSTRUCTIONS)


def paraphrase_request(criteria: Sequence[Criterion], number: int) -> str:
    """The form of the reply. `number` tells the wordings of one rubric apart, or every step would get the same one.

    Asked for other words alone, the embedded model copied the rubric; given another first word it rewords the rest.
    """
    opening = OPENINGS[(number - 1) % len(OPENINGS)]
    shape = ",".join(f'"{each.name}":"{opening} ..."' for each in criteria)
    said = f"Now write wording number {number} of the rubric, which begins with another word"
    return f"{said} and has the same meaning, as one JSON object: {{{shape}}}"
