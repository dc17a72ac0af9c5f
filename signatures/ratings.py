"""The raters of the diagnostics: how specific a gradient is, and how well a rewrite follows it (both 1 to 10).

What is rated comes first and the criterion last, so that prefix caches keep a text that is rated for several criteria.
"""

from typing import Literal

import dspy

from signatures.records import Criterion
from signatures.request import Request

Rating = Literal[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


class Specificity(dspy.Signature):
    """Feedback was written on the rubrics of a judge. Rate how focused it is on one target criterion.
    1: it is about other criteria only.
    3: it is general and would fit any criterion.
    5: it is about the target criterion among others, or without concrete changes.
    10: it is about the target criterion only, with concrete changes."""

    feedback: str = dspy.InputField(desc="the feedback to rate")
    criterion: str = dspy.InputField(desc="the target criterion")
    request: Request = dspy.InputField(desc="the question")
    rating: Rating = dspy.OutputField(desc="focus on the target criterion")


class Adherence(dspy.Signature):
    """The rubric of a judge was rewritten after feedback. Rate how well the new rubric applies what the feedback says
    about one target criterion.
    1: nothing of it is applied, or the opposite.
    5: a part is applied.
    10: every change that it asks for is made."""

    feedback: str = dspy.InputField(desc="the feedback")
    old_rubric: str = dspy.InputField(desc="the rubric before")
    new_rubric: str = dspy.InputField(desc="the rubric after")
    criterion: str = dspy.InputField(desc="the target criterion")
    request: Request = dspy.InputField(desc="the question")
    rating: Rating = dspy.OutputField(desc="how well the new rubric applies the feedback")


def target_line(criterion: Criterion) -> str:
    """The criterion as the raters are shown it."""
    return criterion.title if criterion.meaning == criterion.title else f"{criterion.title}: {criterion.meaning}"


def specificity_request(criterion: Criterion) -> str:
    """The question at the prompt's end."""
    return f"How focused is the feedback on the criterion {criterion.title}, from 1 to 10?"


def adherence_request(criterion: Criterion) -> str:
    """The question at the prompt's end."""
    return f"How well does the new rubric apply what the feedback says about {criterion.title}, from 1 to 10?"
