"""The loss of pairs: which of two texts the raters put above the other, and how the judge has them.

Spearman is about order, which an offset of the judge leaves alone; the loss of a single row is about the offset.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dspy

from signatures.records import Criterion, in_prompts
from signatures.request import Request

APART = 0.5
"""Levels that two scores must be apart for raters or a judge to have an order: the means of ratings and expectations
over levels differ by less where one digit stands for both."""

MISSED = 1.0
"""Levels by which a judge must miss the raters' difference for its order to be wrong: the least that digits show."""

PLACES = ("first", "second")


class PairLoss(dspy.Signature):
    """You explain where a judge orders two texts otherwise than human raters do. You see only the scores, not the
    texts. For each criterion, write which of the two texts should have the higher score, and what in a text is a sign
    of a high one. An order marked CORRECT must stay as it is. Speak of no other criteria. Plain text."""

    comparisons: list[str] = dspy.InputField(desc="the judge's scores of two texts against the human scores")
    request: Request = dspy.InputField(desc="what to write now, and how it begins")
    critique: str = dspy.OutputField(desc="which text should have the higher score, and signs of a high one")


@dataclass(frozen=True)
class PairComparison:
    """The judge's scores of two texts on one criterion against the raters', first and second text."""

    criterion: Criterion
    judge: tuple[float, float]
    human: tuple[float, float]

    @property
    def discordant(self) -> bool:
        """Whether the raters order the texts and the judge does not, or the other way round, and it misses their
        difference by a level or more: a tie may not show a smaller one."""
        return self._wanted != 0 and self._wanted != self._given and self.distance >= MISSED

    @property
    def unclear(self) -> bool:
        """Whether the judge has a tie that is neither the raters' order nor far from it."""
        return self._wanted != 0 and not self.right and not self.discordant

    @property
    def distance(self) -> float:
        """How many levels the judge's difference of the two is from the raters'."""
        return abs((self.judge[0] - self.judge[1]) - (self.human[0] - self.human[1]))

    @property
    def right(self) -> bool:
        """Whether the judge has the raters' order; of texts that they rate alike, none."""
        return self._wanted == self._given

    def line(self) -> str:
        """CORRECT or INCORRECT, and what the order should be.

        >>> PairComparison(Criterion("anger", 0, 3), judge=(2, 1), human=(0, 3)).line()
        'anger (0-3): first text judge 2, human 0; second text judge 1, human 3: INCORRECT, the second is to be higher'
        """
        name, low, high = self.criterion.name, self.criterion.low, self.criterion.high
        scores = [
            f"{place} text judge {in_prompts(judge)}, human {in_prompts(human)}"
            for place, judge, human in zip(PLACES, self.judge, self.human, strict=True)
        ]
        order = f"the {self._higher} is to be higher" if self._wanted else "both are to be about the same"
        return f"{name} ({low}-{high}): {'; '.join(scores)}: {'CORRECT' if self.right else 'INCORRECT'}, {order}"

    def opening(self) -> str:
        """How the critique of this pair begins; where the raters have no order it is all that there is to say.

        >>> PairComparison(Criterion("anger", 0, 3), judge=(2, 1), human=(0, 3)).opening()
        'anger: the second text should be higher, not lower. Signs of high anger in a text are ...'
        """
        name = self.criterion.name
        if self._wanted == 0:
            return f"{name}: both texts {'are rightly' if self.right else 'should be'} about the same."
        verdict = "is rightly" if self.right else "should be"
        given = "" if self.right else ", not lower" if self._given else ", not the same"
        return f"{name}: the {self._higher} text {verdict} higher{given}. Signs of high {name} in a text are ..."

    @property
    def _wanted(self) -> int:
        """1 where the raters put the first above the second, -1 below, 0 where they have no order."""
        return _order(self.human)

    @property
    def _given(self) -> int:
        return _order(self.judge)

    @property
    def _higher(self) -> str:
        return PLACES[self._wanted < 0]


def _order(scores: tuple[float, float]) -> int:
    difference = scores[0] - scores[1]
    return 0 if abs(difference) < APART else (difference > 0) - (difference < 0)


def pair_loss_request(comparisons: Sequence[PairComparison]) -> str:
    """The openings of the critique, one a criterion, as for single rows."""
    return "\n".join(["Now write the critique, one sentence a criterion:", *(each.opening() for each in comparisons)])


def pair_gradient_request(criteria: Sequence[Criterion]) -> str:
    """The openings of the three paragraphs of feedback, as for single rows."""
    names = ", ".join(each.name for each in criteria)
    return (
        f"Now write the feedback on the rubric for {names}, three paragraphs of one sentence:\n"
        "Keep ...\n"
        "The judge ordered these two texts so because the rubric ...\n"
        "Add that signs of a high score are ..., and that a low score is for ..."
    )
