"""The textual gradient: per row, what in the rubric(s) led to the judge's scores and how to change it."""

from collections.abc import Sequence

import dspy

from signatures.records import Criterion
from signatures.request import Request


class Gradient(dspy.Signature):
    """You improve the rubric that a judge follows when it scores texts. You see the judge's prompt, the rubric to
    improve, one case that the judge was shown, the judge's scores, and a critique that compares them with human raters.
    Write feedback on the rubric, for the criteria in it and no other, in three short paragraphs: what in the rubric
    works and must stay; what in the rubric, or missing from it, led to the wrong scores on this case (or that they are
    right); concrete changes, such as what a level looks like, what to look for or what not to count, so that this and
    similar cases are scored as humans do.
    Do not write the new rubric. The scale and the reply format stay as they are. Plain text, no headings or lists."""

    judge_prompt: str = dspy.InputField(desc="the judge's prompt")
    rubric: list[str] = dspy.InputField(desc="the rubric to improve")
    case: str = dspy.InputField(desc="what the judge was shown")
    scores: str = dspy.InputField(desc="the judge's reply")
    critiques: list[str] = dspy.InputField(desc="critique of the scores")
    request: Request = dspy.InputField(desc="what to write now, and how it begins")
    feedback: str = dspy.OutputField(desc="feedback on the rubric, three paragraphs")


def gradient_request(criteria: Sequence[Criterion]) -> str:
    """The openings of the three paragraphs: without them a small LM writes headings and praise to its limit."""
    names = ", ".join(each.name for each in criteria)
    return (
        f"Now write the feedback on the rubric for {names}, three paragraphs of one sentence:\n"
        "Keep ...\n"
        "The judge gave this score because the rubric ...\n"
        "Add that a high score needs ..., and that a low score is for ..."
    )
