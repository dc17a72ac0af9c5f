"""The textual gradient: per row, what in the rubric(s) led to the judge's scores and how to change it."""

import dspy


class Gradient(dspy.Signature):
    """You improve the rubric that a judge follows. You see the judge's prompt, the rubric to improve, one text, the
    scores that the judge gave it, and a critique of these scores against human raters.
    Write three short paragraphs of feedback on the rubric, for the listed criteria and no other:
    1. What in the rubric works and must stay.
    2. What in the rubric (or missing from it) led to the wrong scores on this text.
    3. Concrete strategies to change the rubric, so that the judge scores this and similar texts as humans do.
    Do not write the new rubric itself. Do not propose to change the scale or the reply format. Plain text."""

    judge_prompt: str = dspy.InputField(desc="the judge's prompt")
    rubric: list[str] = dspy.InputField(desc="the rubric to improve")
    case: str = dspy.InputField(desc="what the judge was shown")
    scores: str = dspy.InputField(desc="the judge's reply")
    critiques: list[str] = dspy.InputField(desc="critique of the scores")
    feedback: str = dspy.OutputField(desc="feedback on the rubric, three paragraphs")
