"""The scrutiny of a run's initial and kept judge on the test rows, with choices made on its other rows."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from metrics.scores import Scores
from metrics.scrutiny import scrutinize
from metrics.ties import Ties
from programs.optimizer.keep import Candidate
from programs.optimizer.outcome import Outcome
from programs.scrutiny.words import warnings
from programs.tasks.splits import Splits

ALWAYS = "mae"
"""What constants are held against whatever the gate looks at: it is shown everywhere, and they do well by it."""


def run_scrutiny(
    before: Scores, after: Scores, outcome: Outcome, splits: Splits, metric: str, seed: int
) -> dict[str, Any]:
    """`{"before", "after", "warnings"}`: `metrics.scrutiny` of both judges, and what it warns of in the kept one.

    Constants are chosen on the training and validation ratings, by the run's metric and by mae. Where scores are real,
    pairs are tied up to the difference that was best on the gate's validation rows; a method without a gate chooses it
    on the test rows, and says so.
    """
    others = np.array([[row[name] for name in after.names] for row in (*splits.train, *splits.validation)])
    metrics = list(dict.fromkeys([metric, ALWAYS]))
    initial = [accepted[0] for accepted in outcome.archive.values()]
    found: dict[str, Any] = {
        part: scrutinize(scores, metrics, others, validated_ties(candidates), seed=seed)
        for part, scores, candidates in (("before", before, initial), ("after", after, outcome.chosen.values()))
    }
    return {**found, "warnings": warnings(found["after"])}


def validated_ties(candidates: Iterable[Candidate]) -> Ties | None:
    """The epsilons that the heads' candidates have from validation rows; None where one has none."""
    heads = list(candidates)
    if not all(each.epsilon for each in heads):
        return None
    return Ties({name: epsilon for each in heads for name, epsilon in each.epsilon.items()}, "validation rows")
