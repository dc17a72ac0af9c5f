"""The frozen data that flows between judge, critics and metrics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Group = tuple[str, ...]
"""Names of the criteria that one LM call handles: `("fluency",)` is separate, `("fluency", "relevance")` joint."""

Rubric = Mapping[str, str]
"""Criterion name -> the instruction that tells the judge how to score it (the optimized variable)."""


def nearest_level(value: float) -> int:
    """The level that a fractional rating stands for, rounding half up: 2.5 -> 3 (PAPER protocol: CORRECT)."""
    return math.floor(value + 0.5)


def in_prompts(value: float) -> str:
    """A score or mean rating as prompts show it: to one decimal, a whole one without.

    Shown .0543 and .363, the embedded model wrote into rubrics that "a high score of 0.36" is strong.

    >>> in_prompts(2), in_prompts(1.449), in_prompts(-0.01)
    ('2', '1.4', '0')
    """
    return f"{round(value, 1) + 0:g}"  # no minus before a zero


@dataclass(frozen=True)
class Criterion:
    """One thing that is judged, on an ordinal scale of whole numbers `low..high`.

    `name` is the identifier used for output fields, columns and files; `label` is how people (and prompts) call it;
    `description` says what it means and is used only where a criterion must be explained to an LM that does not see
    its rubric; `rubric` is the initial instruction.
    """

    name: str
    low: int
    high: int
    rubric: str = ""
    label: str = ""
    description: str = ""

    @property
    def levels(self) -> tuple[int, ...]:
        return tuple(range(self.low, self.high + 1))

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ")

    @property
    def meaning(self) -> str:
        return self.description or self.title

    @property
    def initial_rubric(self) -> str:
        return self.rubric or f"Rate from {self.low} to {self.high}."


@dataclass(frozen=True)
class Judgement:
    """What one judge said of one row. A criterion that got no valid score is `None` (unscored), never a number.

    `digits` are the whole numbers that the same reply names, where `scores` are read otherwise (expectations); of the
    criteria in `fallback` the digits had to stand for the scores too. `raw` are the scores as they were read, where
    `scores` are calibrated. `chances` holds the probability of each level, of
    those criteria for which the reply's token probabilities were asked for and say it. `replied` is False where a call
    had no reply at all: another session may get one. `partial` says of criteria whose score is a mean of several
    replies how many of these held none, and so are not in it.
    """

    row: str
    scores: Mapping[str, float | None]
    digits: Mapping[str, float | None] = field(default_factory=dict)
    fallback: Group = ()
    chances: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    replied: bool = True
    partial: Mapping[str, int] = field(default_factory=dict)
    raw: Mapping[str, float | None] = field(default_factory=dict)

    def scored(self, group: Group) -> Group:
        """The criteria of `group` that have a score, in the group's order."""
        return tuple(name for name in group if self.scores.get(name) is not None)


@dataclass(frozen=True)
class Note:
    """A critique (stage `loss`) or a textual gradient (stage `gradient`) about one row, for the criteria of `group`.

    A critique of a pair names the row that is compared with the first one as `other`.
    """

    stage: str
    row: str
    group: Group
    text: str
    other: str = ""

    def concerns(self, group: Group) -> bool:
        """A joint text cannot be split, so it counts for every criterion that it was written for."""
        return not set(self.group).isdisjoint(group)
