"""Gradient specificity: how focused a gradient is on one criterion, rated 1 to 10 by an LM (PAPER diagnostics).

The paper rates a joint text once per criterion, which costs it points by construction. So each rating says whether
the note was written for the target at all: ratings for other criteria are the chance level, and the best rating of a
joint text over its criteria is reported beside their mean.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from signatures.ratings import Specificity
from signatures.records import Criterion, Note


def specificity(example: dspy.Example, prediction: Mapping[str, Any], trace: object = None) -> int | None:
    """A DSPy metric: the rating of `prediction["feedback"]` for the criterion described in `example["criterion"]`.

    Asks `dspy.settings.lm`, under the settings' adapter. None where the rater gave no valid rating (unrated).
    """
    try:
        rated = dspy.Predict(Specificity)(criterion=example["criterion"], feedback=prediction["feedback"])
    except AdapterParseError:
        return None
    return rated["rating"]


@dataclass(frozen=True)
class Target:
    """One rating to be made: a note, and the criterion it is rated for (`own`: the note was written for it)."""

    note: Note
    criterion: Criterion
    own: bool

    def example(self) -> dspy.Example:
        return dspy.Example(criterion=f"{self.criterion.title}: {self.criterion.meaning}").with_inputs("criterion")

    def rate(self) -> int | None:
        return specificity(self.example(), {"feedback": self.note.text})


def targets(notes: Sequence[Note], criteria: Sequence[Criterion]) -> list[Target]:
    """Every note with every criterion: those it is about, and the others as the chance level."""
    return [Target(note, criterion, criterion.name in note.group) for note in notes for criterion in criteria]


def summary(rated: Sequence[tuple[Target, int | None]]) -> dict[str, dict[str, float | int | None]]:
    """Per criterion and overall (`mean`): the mean rating of its own notes, their best, chance, n and unrated.

    `best` is the mean over notes of the best rating among a note's own criteria; `chance` the mean rating for criteria
    that a note is not about. None where nothing was rated.
    """
    names = dict.fromkeys(target.criterion.name for target, _ in rated)
    table = {name: _line([(t, r) for t, r in rated if t.criterion.name == name]) for name in names}
    best: dict[Note, list[int]] = defaultdict(list)
    for target, rating in rated:
        if target.own and rating is not None:
            best[target.note].append(rating)
    table["mean"] = {**_line(rated), "best": _mean([max(ratings) for ratings in best.values()])}
    return table


def _line(rated: Sequence[tuple[Target, int | None]]) -> dict[str, float | int | None]:
    own = [rating for target, rating in rated if target.own]
    other = [rating for target, rating in rated if not target.own]
    known = [rating for rating in own if rating is not None]
    return {
        "value": _mean(known),
        "chance": _mean([rating for rating in other if rating is not None]),
        "n": len(known),
        "unrated": len(own) - len(known),
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
