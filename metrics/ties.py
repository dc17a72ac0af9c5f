"""Tie calibration (Deutsch, Foster and Freitag 2023): pairwise accuracy of real scores, with near ones called tied."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metrics.binned import anchored, binned
from metrics.estimates import one_number, tables_of
from metrics.intervals import value_scale
from metrics.metric import pairwise
from metrics.pairwise import best_epsilon, pairwise_accuracy
from metrics.scores import Scores, Values
from metrics.summary import RESAMPLES, cell_table
from metrics.tables import ClusterTables


@dataclass(frozen=True)
class Ties:
    """Criterion -> the difference in scale points up to which two scores are tied, and on what it was chosen."""

    epsilon: Mapping[str, float]
    chosen_on: str


def whole_scores(scores: Scores) -> bool:
    """Whether every score is a whole number: then ties come by themselves."""
    return not np.any(scores.judge[scores.scored] % 1)


def choose_ties(scores: Scores, chosen_on: str) -> Ties | None:
    """The best epsilon of each criterion on these rows; None where scores are whole."""
    if whole_scores(scores):
        return None
    columns = zip(scores.names, scores.judge.T, scores.human.T, strict=True)
    return Ties({name: best_epsilon(judge, human) for name, judge, human in columns}, chosen_on)


def calibrated(scores: Scores, ties: Ties, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """`{"epsilon", "chosen_on", "accuracy": CELLS}`: the pooled pairwise accuracy, with intervals as `summarize` has.

    An epsilon that was chosen on the same rows makes the accuracy too good.
    """
    coarse = binned(scores)
    tables, total = tables_of(coarse, seed)
    values = _accuracies(tables, ties, scores.names)
    if coarse is not scores:
        whole = replace(scores, documents=np.zeros(len(scores), dtype=np.intp))
        values = anchored(values, _accuracies(tables_of(whole, seed)[0], ties, scores.names)(np.ones((1, 1)))[0], total)
    support = np.array([each.occupied().sum() for each in tables])
    width = max(each.width for each in tables)
    estimate = one_number(values, total, width, scores.scored.sum(axis=0), support)
    cells = cell_table(estimate, ["accuracy"], [value_scale(pairwise)], scores.names, seed=seed, resamples=resamples)
    return {"epsilon": dict(ties.epsilon), "chosen_on": ties.chosen_on, **cells}


def _accuracies(tables: Sequence[ClusterTables], ties: Ties, names: Sequence[str]) -> Callable[[Values], Values]:
    """From weights (B, G) to (B, K)."""
    epsilons = [ties.epsilon[name] for name in names]

    def values(weights: Values) -> Values:
        columns = zip(tables, epsilons, strict=True)
        found = [pairwise_accuracy(each.cells, each.weighted(weights), epsilon) for each, epsilon in columns]
        return np.stack(found, axis=1)

    return values
