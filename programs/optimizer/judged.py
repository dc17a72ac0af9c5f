"""A judge and what it said of the gate's rows, as many of them as were needed so far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dspy

from metrics.scores import Scores
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import calibrated, scores_of
from signatures.records import Judgement

Score = Callable[[Judge, Sequence[dspy.Example]], list[Judgement]]


@dataclass
class Judged:
    """`judgements` are those of the first of the `rows`, in their order, and raw: its calibration may come later.

    Compared `by_ranks` it is as it was read, else as it is calibrated (see `scores_for`).
    """

    judge: Judge
    rows: Sequence[dspy.Example]
    judgements: list[Judgement] = field(default_factory=list)
    by_ranks: bool = False

    @property
    def rest(self) -> Sequence[dspy.Example]:
        """The rows that it has not judged."""
        return self.rows[len(self.judgements) :]

    def up_to(self, count: int, score: Score) -> None:
        """Judges as many of the rest as make it `count`."""
        if more := self.rows[len(self.judgements) : count]:
            self.judgements += score(self.judge.with_calibration(None), more)

    def scores(self, count: int | None = None) -> Scores:
        """Ratings and what is compared of the first `count` rows, or of all that it has judged."""
        known = self.judgements[:count]
        return scores_of(self.judge, self.rows[: len(known)], known if self.by_ranks else self._calibrated(known))

    @property
    def calibrated(self) -> Scores:
        """Ratings and calibrated scores of all that it has judged."""
        return scores_of(self.judge, self.rows[: len(self.judgements)], self._calibrated(self.judgements))

    def _calibrated(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        return [calibrated(each, self.judge.calibration) for each in judgements]
