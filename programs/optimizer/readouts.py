"""What the same replies say by their digits alone, beside the expectations that a run goes by.

Expectations break the ties that digits leave. That is worth having, and is no merit of a rubric: so the gain of the
readout stands beside the gain of the optimization and is never part of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from metrics.scores import Scores
from metrics.summary import difference, summarize
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import scores_of
from programs.optimizer.turns import ORDERS
from signatures.records import Judgement


@dataclass(frozen=True)
class Read:
    """Rows as the judge's readout has them and, where that is another, by digits.

    `fallback` counts, by criterion, the rows whose expectation could not be had, and `partial` the replies that are
    missing in means of several (None: a score is one reply's).
    """

    scores: Scores
    digits: Scores | None = None
    fallback: Mapping[str, int] = field(default_factory=dict)
    partial: Mapping[str, int] | None = None


def read(judge: Judge, rows: Sequence[dspy.Example], judgements: Sequence[Judgement]) -> Read:
    """The judgements of the rows by every readout that they hold."""
    scores = scores_of(judge, rows, judgements)
    partial = None if judge.order == ORDERS[0] else _partial(judge, judgements)
    if judge.readout == "digits":
        return Read(scores, partial=partial)
    digits = [Judgement(each.row, each.digits) for each in judgements]
    fallback = {name: sum(name in each.fallback for each in judgements) for name in judge.task.criterion_names}
    return Read(scores, scores_of(judge, rows, digits), fallback, partial)


def _partial(judge: Judge, judgements: Sequence[Judgement]) -> dict[str, int]:
    return {name: sum(each.partial.get(name, 0) for each in judgements) for name in judge.task.criterion_names}


def beside_scores(found: Read, seed: int) -> dict[str, Any]:
    """`beside_digits`, and of a judge that rotates `rotations_unscored` by criterion."""
    turned = {} if found.partial is None else {"rotations_unscored": dict(found.partial)}
    return {**beside_digits(found, seed), **turned}


def beside_digits(found: Read, seed: int) -> dict[str, Any]:
    """One judge's agreement by `digits`, the paired difference `beyond_digits` of its expectations, and `fallback`."""
    if found.digits is None:
        return {}
    return {
        "digits": summarize(found.digits, seed=seed),
        "beyond_digits": difference(found.digits, found.scores, seed=seed),
        "fallback": dict(found.fallback),
    }


def readout_summary(before: Read, after: Read, seed: int) -> dict[str, Any]:
    """What a run's summary.json says of its readout; empty where scores are digits."""
    parts = {
        name: part for name, part in {"before": before.partial, "after": after.partial}.items() if part is not None
    }
    turned = {"rotations_unscored": parts} if parts else {}
    if before.digits is None or after.digits is None:
        return turned
    return {
        **turned,
        "readout": {
            "name": "expected",
            "before": beside_digits(before, seed),
            "after": beside_digits(after, seed),
            "digits_difference": difference(before.digits, after.digits, seed=seed),
        },
    }
