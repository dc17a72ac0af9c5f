"""Gradient specificity: how focused a gradient is on one criterion, rated 1 to 10 by an LM (PAPER diagnostics).

The paper rates a joint text once per criterion, which costs it points by construction. So each rating says whether
the note was written for the target at all: ratings for other criteria are the chance level, and the best rating of a
joint text over its criteria is reported beside their mean (`metrics.dilution`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from signatures.ratings import Specificity, specificity_request, target_line
from signatures.records import Criterion, Note


def specificity(example: dspy.Example, prediction: Mapping[str, Any], trace: object = None) -> int | None:
    """A DSPy metric: the rating of `prediction["feedback"]` for the criterion described in `example["criterion"]`.

    Asks `dspy.settings.lm`, under the settings' adapter. None where the rater gave no valid rating (unrated).
    """
    try:
        rated = dspy.Predict(Specificity)(**example.inputs().toDict(), feedback=prediction["feedback"])
    except AdapterParseError:
        return None
    return rated["rating"]


@dataclass(frozen=True)
class Target:
    """One rating to be made: a note, and the criterion it is rated for."""

    note: Note
    criterion: Criterion

    def example(self) -> dspy.Example:
        asked = dspy.Example(criterion=target_line(self.criterion), request=specificity_request(self.criterion))
        return asked.with_inputs("criterion", "request")

    def rate(self) -> int | None:
        return specificity(self.example(), {"feedback": self.note.text})


def targets(notes: Sequence[Note], criteria: Sequence[Criterion]) -> list[Target]:
    """Every note with every criterion: those it is about, and the others as the chance level."""
    return [Target(note, criterion) for note in notes for criterion in criteria]
