"""The rubrics that one-criterion runs have found, and the choice of the best of each criterion."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metrics.metric import METRICS
from metrics.scores import Scores
from programs.optimizer.keep import FINALISTS, values_of

Value = Callable[["Checkpoint"], Scores]
"""A checkpoint -> its scores on the rows that it is judged by."""


@dataclass(frozen=True)
class Checkpoint:
    """One criterion's rubric after the step of a run (named by its seed) at which it first was this."""

    criterion: str
    seed: int
    step: int
    text: str


@dataclass(frozen=True)
class Chosen:
    """The best of `among` checkpoints, with the value that it was chosen by on `rows` rows.

    The value is the largest of many and so biased upward. None: no checkpoint had one, and the initial rubric stays.
    """

    checkpoint: Checkpoint
    value: float | None
    rows: int
    among: int


def checkpoints(criterion: str, runs: Mapping[int, Mapping[int, str]]) -> list[Checkpoint]:
    """The different rubrics of every run (seed -> its rubric by step), the initial ones included."""
    found = []
    for seed, by_step in runs.items():
        earliest: dict[str, int] = {}
        for step, text in sorted(by_step.items()):
            earliest.setdefault(text, step)
        found += [Checkpoint(criterion, seed, step, text) for text, step in earliest.items()]
    return found


def choose(offered: Sequence[Checkpoint], metric: str, *stages: Value) -> Chosen:
    """The best checkpoint by the last stage among the three best by the one before it, and so on; ties go to the
    earlier step, then to the first seed.

    A first stage on rows whose answers are all paid for, and a second on more rows, costs little and errs less.
    """
    remaining = list(offered)
    for stage in stages[:-1]:
        remaining = _ranked(remaining, metric, stage)[:FINALISTS]
    best = _ranked(remaining, metric, stages[-1])[0]
    scores = stages[-1](best)
    return Chosen(best, _value(best, metric, scores), len(scores), len(offered))


def _ranked(offered: Sequence[Checkpoint], metric: str, stage: Value) -> list[Checkpoint]:
    def rank(one: Checkpoint) -> tuple[bool, float, int]:
        value = _value(one, metric, stage(one))
        return value is None, 0.0 if value is None else -METRICS[metric].orientation * value, one.step

    return sorted(offered, key=rank)


def _value(one: Checkpoint, metric: str, scores: Scores) -> float | None:
    return values_of(scores, metric, (one.criterion,))[one.criterion]
