"""Shuffled ratings: the optimizer learns from ratings that belong to other texts; validation and test stay true.

A gain under this control does not come from what the raters said of the texts (arXiv 2512.13598).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy
import numpy as np

from programs.optimizer.judge import Judge
from programs.optimizer.outcome import Outcome
from signatures.records import Group


def shuffled(rows: Sequence[dspy.Example], criteria: Group, seed: int) -> list[dspy.Example]:
    """Copies of the rows in which every criterion's ratings, with its raters' scores, are permuted by themselves.

    The permutation is one cycle (Sattolo's algorithm), so that no row keeps its own rating; equal ratings of different
    rows may still meet. A single row is left as it is.
    """
    random = np.random.default_rng([seed, len(rows)])
    origins = {name: cycle(len(rows), random) for name in criteria}
    return [_rated_as(row, {name: rows[origins[name][place]] for name in criteria}) for place, row in enumerate(rows)]


def _rated_as(row: dspy.Example, others: Mapping[str, dspy.Example]) -> dspy.Example:
    """The row with each criterion's rating, and where there are any its raters' scores, of another."""
    ratings = {name: other[name] for name, other in others.items()}
    raters = {name: (other.get("rater_scores") or {}).get(name) for name, other in others.items()}
    return row.copy(**ratings, **({"rater_scores": raters} if row.get("rater_scores") else {}))


def cycle(size: int, random: np.random.Generator) -> list[int]:
    """A random permutation of `range(size)` that is one cycle: no place keeps its own (size 2 and up)."""
    order = list(range(size))
    for last in range(size - 1, 0, -1):
        other = int(random.integers(last))
        order[last], order[other] = order[other], order[last]
    return order


@dataclass
class Shuffled:
    """An optimizer whose training rows are shuffled first."""

    optimizer: Any
    seed: int

    @property
    def metric(self) -> str:
        return str(self.optimizer.metric)

    def search(self, student: Judge, *, trainset: Sequence[dspy.Example], **rest: Any) -> Outcome:
        """The optimizer's own search, on the shuffled rows. A calibration is fitted on the raters' own ratings: it is
        what judges of every arm have alike, and no part of what the optimizer learns."""
        rows = shuffled(trainset, student.task.criterion_names, self.seed)
        outcome: Outcome = self.optimizer.search(student, trainset=rows, rated=trainset, **rest)
        return outcome
