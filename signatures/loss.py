"""The loss: per row, why the judge's scores are right or wrong. It sees neither the text nor the rubric."""

from collections.abc import Sequence
from dataclasses import dataclass

import dspy

from signatures.records import Criterion, in_prompts, nearest_level
from signatures.request import Request

DEGREES = ("very low", "low", "middling", "high", "very high")


class Loss(dspy.Signature):
    """You explain where a judge's scores of a text differ from those of human raters. You see only the scores, not the
    text. For each criterion, write one sentence: whether the judge's score is right, or how far it is too high
    or too low, and what a text that deserves the human score is like. A score marked CORRECT must stay as it is. Speak
    of no other criteria. Plain text."""

    comparisons: list[str] = dspy.InputField(desc="the judge's score against the human score, one line a criterion")
    request: Request = dspy.InputField(desc="what to write now, and how it begins")
    critique: str = dspy.OutputField(desc="why each score is right or wrong, and what the right one looks like")


@dataclass(frozen=True)
class Comparison:
    """A judge's score of one criterion against the human rating, and the words for it.

    The direction is spelled out, since small LMs mix up whose score is whose.
    """

    criterion: Criterion
    judge: float
    human: float

    @property
    def verdict(self) -> str:
        """`right` when both round (half up) to the same level, else `too high` or `too low` (of the judge)."""
        if nearest_level(self.judge) == nearest_level(self.human):
            return "right"
        return "too high" if self.judge > self.human else "too low"

    def line(self) -> str:
        """CORRECT, or INCORRECT with the difference to one decimal (PAPER protocol).

        >>> Comparison(Criterion("anger", 0, 3), judge=2, human=0).line()
        'anger (0-3): judge 2, human 0: INCORRECT (difference 2.0), the judge is too high'
        """
        name, low, high = self.criterion.name, self.criterion.low, self.criterion.high
        scores = f"{name} ({low}-{high}): judge {in_prompts(self.judge)}, human {in_prompts(self.human)}"
        if self.verdict == "right":
            return f"{scores}: CORRECT"
        return f"{scores}: INCORRECT (difference {abs(self.judge - self.human):.1f}), the judge is {self.verdict}"

    def opening(self) -> str:
        """How the critique of this score begins.

        >>> Comparison(Criterion("anger", 0, 3), judge=2, human=0).opening()
        'anger: 2 is too high. Very low anger (0 of 0-3) means that the text ...'
        """
        name, low, high = self.criterion.name, self.criterion.low, self.criterion.high
        meaning = f"{self._degree().capitalize()} {name} ({in_prompts(self.human)} of {low}-{high})"
        return f"{name}: {in_prompts(self.judge)} is {self.verdict}. {meaning} means that the text ..."

    def _degree(self) -> str:
        """Where the human rating lies on the scale, in words: small LMs take a 1 for the first and best."""
        share = (nearest_level(self.human) - self.criterion.low) / max(self.criterion.high - self.criterion.low, 1)
        return DEGREES[min(int(share * len(DEGREES)), len(DEGREES) - 1)]


def loss_request(comparisons: Sequence[Comparison]) -> str:
    """The openings of the critique, one a criterion: without them a small LM copies the instructions instead."""
    return "\n".join(["Now write the critique, one sentence a criterion:", *(each.opening() for each in comparisons)])
