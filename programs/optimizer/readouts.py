"""What the same replies say by their digits alone and uncalibrated, beside the scores that a run goes by.

Expectations break the ties that digits leave, and a calibration brings scores to the raters' scale. Both are worth
having, and no merit of a rubric: so their gains stand beside the gain of the optimization and are never part of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import dspy

from metrics.metric import RANKED
from metrics.scores import Scores
from metrics.summary import difference, summarize
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import scores_of, uncalibrated
from programs.optimizer.turns import ORDERS
from signatures.records import Judgement


@dataclass(frozen=True)
class Read:
    """Rows as the judge scores them and, where that is another, as its readout has them (`raw`), and by digits.

    `fallback` counts, by criterion, the rows whose expectation could not be had, and `partial` the replies that are
    missing in means of several (None: a score is one reply's). `left` says why criteria are not calibrated by
    a judge that is.
    """

    scores: Scores
    digits: Scores | None = None
    fallback: Mapping[str, int] = field(default_factory=dict)
    partial: Mapping[str, int] | None = None
    raw: Scores | None = None
    left: Mapping[str, str] = field(default_factory=dict)

    def compared(self, metric: str) -> Scores:
        """What judges are compared by (see `scores_for`)."""
        return self.raw if self.raw is not None and metric in RANKED else self.scores


def read(judge: Judge, rows: Sequence[dspy.Example], judgements: Sequence[Judgement]) -> Read:
    """The judgements of the rows by every readout that they hold."""
    found = Read(scores_of(judge, rows, judgements))
    if judge.order != ORDERS[0]:
        found = replace(found, partial=_partial(judge, judgements))
    if judge.calibration is not None:
        raw = scores_of(judge, rows, list(map(uncalibrated, judgements)))
        found = replace(found, raw=raw, left=judge.calibration.left)
    if judge.readout == "digits":
        return found
    digits = [Judgement(each.row, each.digits) for each in judgements]
    fallback = {name: sum(name in each.fallback for each in judgements) for name in judge.task.criterion_names}
    return replace(found, digits=scores_of(judge, rows, digits), fallback=fallback)


def _partial(judge: Judge, judgements: Sequence[Judgement]) -> dict[str, int]:
    return {name: sum(each.partial.get(name, 0) for each in judgements) for name in judge.task.criterion_names}


def beside_scores(found: Read, seed: int) -> dict[str, Any]:
    """`beside_digits`, `beside_raw`, and of a judge that rotates `rotations_unscored` by criterion."""
    turned = {} if found.partial is None else {"rotations_unscored": dict(found.partial)}
    return {**beside_digits(found, seed), **beside_raw(found, seed), **turned}


def beside_digits(found: Read, seed: int) -> dict[str, Any]:
    """One judge's agreement by `digits`, the paired difference `beyond_digits` of its expectations (before they are
    calibrated), and `fallback`."""
    if found.digits is None:
        return {}
    return {
        "digits": summarize(found.digits, seed=seed),
        "beyond_digits": difference(found.digits, found.raw or found.scores, seed=seed),
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


def beside_raw(found: Read, seed: int) -> dict[str, Any]:
    """One judge's agreement `uncalibrated`, the paired difference `beyond_uncalibrated` of its calibrated scores, and
    `left`: criterion -> why it has no map."""
    if found.raw is None:
        return {}
    return {
        "uncalibrated": summarize(found.raw, seed=seed),
        "beyond_uncalibrated": difference(found.raw, found.scores, seed=seed),
        "left": dict(found.left),
    }


def calibration_summary(method: str, before: Read, after: Read, seed: int) -> dict[str, Any]:
    """What a run's summary.json says of its calibration; empty where there is none."""
    if before.raw is None or after.raw is None:
        return {}
    return {
        "calibration": {
            "method": method,
            "before": beside_raw(before, seed),
            "after": beside_raw(after, seed),
            "uncalibrated_difference": difference(before.raw, after.raw, seed=seed),
        }
    }


def beside_summary(method: str, before: Read, after: Read, seed: int) -> dict[str, Any]:
    """`readout_summary` and `calibration_summary`."""
    return {**readout_summary(before, after, seed), **calibration_summary(method, before, after, seed)}
