"""An ensemble at equal cost: the initial joint prompt, asked k times under different seeds, the mean of its scores.

Averaging is the equal-cost rival of any optimization (arXiv 2604.13717). Cost is counted in LM calls: what a mode's
search takes is spent on more calls per test row instead. Unlike an optimized prompt it costs k calls ever after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from programs.backends.metering import reseeded
from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge, Reading, mean_reading
from programs.optimizer.keep import Candidate
from programs.optimizer.outcome import Outcome


def members(search_calls: int, test_rows: int, heads: int = 1) -> int:
    """k: the calls of a search and of its judge's scoring (`heads` a row), spread over the test rows; at least 2.

    >>> members(search_calls=98, test_rows=30)
    4
    """
    return max(2, heads + search_calls // max(test_rows, 1))


class Ensemble(Judge):
    """A judge that asks its LM `size` times and averages. Its LM must be one of a run's (metered, so reseedable).

    A criterion's mean is over the members that scored it; unscored where none did. The first member's seed is the
    run's own, so its replies are those of the plain judge. A calibration, which is the plain judge's, is of the mean.
    """

    def __init__(self, judge: Judge, size: int) -> None:
        super().__init__(judge.task, judge.groups, judge.rubric, **judge.form, anchors=judge.anchors)
        self.calibration = judge.calibration
        self.size = size

    @property
    def calls_per_row(self) -> int:
        """How many LM calls it takes a row."""
        return super().calls_per_row * self.size

    def answer(self, head: int, inputs: Mapping[str, Any]) -> dict[str, Reading]:
        """One head's mean scores for one row; None for a criterion that no member scored."""
        answers = [self._member(draw, head, inputs) for draw in range(self.size)]
        return {name: mean_reading([each[name] for each in answers]) for name in self.groups[head]}

    def _member(self, draw: int, head: int, inputs: Mapping[str, Any]) -> dict[str, Reading]:
        with dspy.context(lm=reseeded(dspy.settings.lm, draw)):
            return super().answer(head, inputs)


@dataclass
class EnsembleOf:
    """An optimizer that optimizes nothing: its outcome is the initial judge, asked `size` times."""

    size: int
    metric: str
    report: dict[str, Any] = field(default_factory=dict)

    def search(
        self,
        student: Judge,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example],
        roles: Roles,
        pool: Pool,
    ) -> Outcome:
        """No call is made here; those of the test rows are."""
        self.report["calls_per_row"] = self.size
        initial = {group: Candidate(0, student.rubric_of(group), {}) for group in student.groups}
        return Outcome(Ensemble(student, self.size), initial, {group: (one,) for group, one in initial.items()})


def require_sampling(temperature: float) -> None:
    """Raises UserError at temperature 0, where all members would say the same."""
    if temperature == 0:
        raise UserError("--control ensemble needs --judge-temperature above 0: at 0 its calls would all be the same")
