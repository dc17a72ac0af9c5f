"""The textual gradient: per row, what in the rubric(s) led to the judge's scores and how to change it."""

import dspy


class Gradient(dspy.Signature):
    """You improve the rubric that a judge follows when it scores texts. You see the judge's prompt, the rubric to
    improve, one case that the judge was shown, the judge's scores, and a critique that compares them with human raters.
    Write feedback on the rubric, for the criteria in it and no other: three short paragraphs of one or two sentences.
    First: what in the rubric works and must stay. Second: what in the rubric, or missing from it, led to the wrong
    scores on this case (or that they are right). Third: concrete changes, such as what a level looks like, what to look
    for or what not to count, so that this and similar cases are scored as humans do.
    Do not write the new rubric. The scale and the reply format stay as they are. Plain text, no headings or lists."""

    judge_prompt: str = dspy.InputField(desc="the judge's prompt")
    rubric: list[str] = dspy.InputField(desc="the rubric to improve")
    case: str = dspy.InputField(desc="what the judge was shown")
    scores: str = dspy.InputField(desc="the judge's reply")
    critiques: list[str] = dspy.InputField(desc="critique of the scores")
    feedback: str = dspy.OutputField(desc="feedback on the rubric, three paragraphs")
