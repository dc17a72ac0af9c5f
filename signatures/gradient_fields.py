"""The textual gradient of a joint call that has a text for each criterion (`--notes per-field`)."""

from collections.abc import Sequence

import dspy

from signatures.gradient import Gradient
from signatures.records import Criterion
from signatures.request import Request

INSTRUCTIONS = """\
You improve the rubric that a judge follows when it scores texts. You see the judge's prompt, the rubric to improve, one
case that the judge was shown, the judge's scores, and a critique that compares them with human raters.
Write feedback on the rubric for each criterion by itself, and in it speak of no other criterion. Three short sentences
each: what in its rubric works and must stay; what in its rubric, or missing from it, led to its score on this case (or
that the score is right); concrete changes, such as what a level looks like, what to look for or what not to count, so
that this and similar cases are scored as humans do.
Do not write the new rubric. The scale and the reply format stay as they are. Plain text in each field."""


def gradient_fields_signature(criteria: Sequence[Criterion]) -> type[dspy.Signature]:
    """The gradient's inputs, and one text output per criterion."""
    fields: dict = {
        name: (Request if name == "request" else field.annotation, field)
        for name, field in Gradient.input_fields.items()
    }
    for criterion in criteria:
        fields[criterion.name] = (str, dspy.OutputField(desc=f"feedback on the rubric for {criterion.title} only"))
    return dspy.Signature(fields, INSTRUCTIONS)


def gradient_fields_request(criteria: Sequence[Criterion]) -> str:
    """The form of the reply: the openings of the one text's paragraphs, in each field. Asked in general what to write,
    the embedded model wrote a page for the first criterion and spoke of the others in it."""
    shape = ",".join(f'"{each.name}":"{_form(each)}"' for each in criteria)
    return f"Now write the feedback, three short sentences for each criterion, as one JSON object: {{{shape}}}"


def _form(criterion: Criterion) -> str:
    return (
        f"Keep <what works>. The judge gave this {criterion.title} score because the rubric <what it says or lacks>. "
        f"Add that signs of high {criterion.title} are <what to look for>, and of low {criterion.title} <what else>."
    )
