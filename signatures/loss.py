"""The loss: per row, why the judge's scores are right or wrong. It sees neither the text nor the rubric."""

import dspy

from signatures.records import Criterion, nearest_level


class Loss(dspy.Signature):
    """A judge scored a text, and human raters scored the same text. You see only the scores, not the text.
    For each line, write one or two sentences that begin with the criterion's name: whether the judge's score is right,
    or how far it is too high or too low, and what the human score says about the text (for example: none, a little,
    clearly or very much of it). A score marked CORRECT must stay as it is. Speak of no other criteria. Plain text."""

    comparisons: list[str] = dspy.InputField(desc="the judge's score against the human score, one line a criterion")
    critique: str = dspy.OutputField(desc="why each score is right or wrong, and what the right one looks like")


def comparison(criterion: Criterion, judge: float, human: float) -> str:
    """One line that compares a judge's score with a human rating.

    CORRECT when both round (half up) to the same level, else INCORRECT with the difference to one decimal. The
    direction is spelled out in words, since small LMs mix up whose score is whose.

    >>> comparison(Criterion("anger", 0, 3), judge=2, human=0)
    'anger (0-3): judge 2, human 0: INCORRECT (difference 2.0), the judge is too high'
    """
    scores = f"{criterion.name} ({criterion.low}-{criterion.high}): judge {judge:.3g}, human {human:.3g}"
    if nearest_level(judge) == nearest_level(human):
        return f"{scores}: CORRECT"
    direction = "high" if judge > human else "low"
    return f"{scores}: INCORRECT (difference {abs(judge - human):.1f}), the judge is too {direction}"
