"""The raters of the diagnostics: how specific a gradient is, and how well a rewrite follows it (both 1 to 10)."""

from typing import Literal

import dspy

Rating = Literal[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


class Specificity(dspy.Signature):
    """Feedback was written on a judge's rubric. Rate how focused it is on the target criterion.
    1: generic advice, or about other criteria only. 5: the target criterion is mentioned among others, or without
    concrete changes. 10: only about the target criterion, with concrete changes to its rubric."""

    criterion: str = dspy.InputField(desc="the target criterion")
    feedback: str = dspy.InputField(desc="the feedback to rate")
    rating: Rating = dspy.OutputField(desc="focus on the target criterion, 1 to 10")


class Adherence(dspy.Signature):
    """A judge's rubric was rewritten after feedback. Rate how well the new rubric applies what the feedback says about
    the target criterion.
    1: ignored or contradicted. 5: applied in part. 10: every suggestion about this criterion is applied."""

    criterion: str = dspy.InputField(desc="the target criterion")
    feedback: str = dspy.InputField(desc="the feedback")
    old_rubric: str = dspy.InputField(desc="the rubric before")
    new_rubric: str = dspy.InputField(desc="the rubric after")
    rating: Rating = dspy.OutputField(desc="how well the new rubric applies the feedback, 1 to 10")
