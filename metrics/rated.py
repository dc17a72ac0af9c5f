"""What the rater said of a run's notes and rewrites: numbers only, no text, so that tables need nothing else."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from metrics.attribution import Choice
from signatures.attribution import GENERIC
from signatures.records import Group

CONFIDENT = 0.5
"""A suggestion is attributed with confidence when one option has more than this probability."""


@dataclass(frozen=True)
class RatedNote:
    """One note: its specificity for every criterion (None is unrated) and what its suggestions are about.

    `suggestions` holds one choice each (None is unanswered); `left_out` counts those beyond the most that are asked
    about; `tokens` is the note's length. `joint` says whether it was written for several criteria.
    """

    step: int
    row: str
    group: Group
    tokens: int
    ratings: Mapping[str, int | None]
    suggestions: tuple[Choice | None, ...]
    left_out: int = 0
    joint: bool = False

    def attributed(self) -> list[str]:
        """The option of each suggestion that is attributed with confidence."""
        best = [likeliest(choice) for choice in self.suggestions if choice is not None]
        return [name for name, probability in best if probability > CONFIDENT]

    def found(self) -> list[str]:
        """The note's own criteria among `attributed`, one entry a suggestion."""
        return [name for name in self.attributed() if name in self.group]

    def generic(self) -> int:
        """How many suggestions are about no criterion in particular, with confidence."""
        return self.attributed().count(GENERIC)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        lists = {"group": tuple(values["group"]), "suggestions": tuple(values["suggestions"])}
        return cls(**{**values, **lists})


@dataclass(frozen=True)
class RatedRewrite:
    """How well one criterion's new rubric follows its feedback; `joint` says of what kind the feedback was."""

    step: int
    criterion: str
    joint: bool
    rating: int | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def likeliest(choice: Choice) -> tuple[str, float]:
    """The option with the highest probability, and that probability."""
    name = max(choice, key=lambda each: choice[each])
    return name, choice[name]
