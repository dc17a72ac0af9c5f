"""How near one judgement is to the human ratings: the per-item metric that `dspy.Evaluate` and `dspy.GEPA` optimize."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import dspy

from signatures.records import Criterion, nearest_level


@dataclass(frozen=True)
class Agreement:
    """A DSPy metric: the mean over criteria of 1 - |judge - human| / (high - low), with feedback per criterion.

    Examples hold the human rating and predictions the judge's score under each criterion's name. The result is a
    `dspy.Prediction` with `score`, `feedback` and `objective_scores` (criterion -> its own agreement, for GEPA's
    objective frontier); it counts as a number where DSPy sums scores. Feedback for one predictor concerns only the
    criteria among its outputs; the score stays that of the whole judgement, as GEPA demands.

    A criterion without a valid score (absent, None, not a number, off the scale) is unscored: left out of the mean
    and of `objective_scores`, and said so in the feedback. An item with nothing scored gets 0.0, which is a reward
    that tells an optimizer not to go there and never an agreement number; for agreement over a set, with coverage,
    use `metrics.summary`. With `goal`, few-shot bootstrapping (a trace, but no predictor's name) gets a plain bool:
    whether the item reaches it. Raises `KeyError` for an example without a criterion's rating.
    """

    criteria: Sequence[Criterion]
    goal: float | None = None

    def __call__(
        self,
        example: dspy.Example,
        pred: dspy.Example | Mapping[str, Any] | None,
        trace: object = None,
        pred_name: str | None = None,
        pred_trace: Sequence[Any] | None = None,
    ) -> dspy.Prediction | bool:
        items = [_compared(criterion, example, pred) for criterion in self.criteria]
        scores = {item.criterion.name: item.agreement for item in items if item.agreement is not None}
        score = sum(scores.values()) / len(scores) if scores else 0.0
        if self.goal is not None and trace is not None and pred_name is None:
            return score >= self.goal
        feedback = "\n".join(item.feedback for item in items if _concerns(pred_trace, item.criterion.name))
        return dspy.Prediction(score=score, feedback=feedback, objective_scores=scores)


@dataclass(frozen=True)
class _Compared:
    """One criterion of one item; `judge` is None where it was not scored."""

    criterion: Criterion
    human: float
    judge: float | None

    @property
    def agreement(self) -> float | None:
        if self.judge is None:
            return None
        return 1 - abs(self.judge - self.human) / (self.criterion.high - self.criterion.low)

    @property
    def feedback(self) -> str:
        name, human = self.criterion.name, _number(self.human)
        scale = f"{self.criterion.low} to {self.criterion.high}"
        if self.judge is None:
            return f"{name}: not scored (the reply holds no score from {scale}); the human raters say {human}."
        said = f"{name}: the judge says {_number(self.judge)}, the human raters {human}"
        if nearest_level(self.judge) == nearest_level(self.human):
            return f"{said}: right."
        direction = "too high" if self.judge > self.human else "too low"
        return f"{said}: {direction} by {_number(abs(self.judge - self.human))} on a scale from {scale}."


def _compared(criterion: Criterion, example: dspy.Example, pred: dspy.Example | Mapping[str, Any] | None) -> _Compared:
    return _Compared(criterion, float(example[criterion.name]), _valid_score(criterion, pred))


def _valid_score(criterion: Criterion, pred: dspy.Example | Mapping[str, Any] | None) -> float | None:
    """The judge's score, or None: a failed program hands over None, an empty prediction or no prediction at all."""
    score = pred.get(criterion.name) if isinstance(pred, (dspy.Example, Mapping)) else None
    if isinstance(score, Real) and criterion.low <= float(score) <= criterion.high:
        return float(score)
    return None


def _concerns(pred_trace: Sequence[Any] | None, name: str) -> bool:
    """Whether the criterion is an output of the predictor that GEPA asks about (True where it asks about all)."""
    return not pred_trace or name in pred_trace[0][0].signature.output_fields


def _number(value: float) -> str:
    """To one decimal, as the paper gives differences; whole numbers without."""
    return f"{round(value, 1):g}"
