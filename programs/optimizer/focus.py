"""How focused a note is on each criterion, by a rater: the measures of `--router-by`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metrics.attribution import Choice
from metrics.rated import CONFIDENT
from metrics.suggestions import MOST_SUGGESTIONS, suggestions
from programs.diagnostics.rater import Rater
from signatures.records import Note

ORDERS = 2
"""Orders of the options of an attribution: one and its reverse, which give every option the same mean place."""

Focus = Callable[[Rater, Sequence[Note], float], list[Mapping[str, float | None]]]
"""The focus of each note: criterion -> value, None where the rater has not said whether it is below the threshold."""


@dataclass(frozen=True)
class Measure:
    """A measure of focus from `low` to `high`, and the value below which a note falls short by default.

    `asked` is how many calls it takes for notes of a task with so many criteria, and `most` for one note at most.
    """

    focus: Focus
    threshold: float
    low: float
    high: float
    asked: Callable[[Sequence[Note], int], int]
    most: Callable[[int], int]


def by_attribution(rater: Rater, notes: Sequence[Note], threshold: float) -> list[Mapping[str, float | None]]:
    """The highest probability that any suggestion of the note is about the criterion, with all names hidden.

    A note without a suggestion asks for no change: 0 for every criterion. Where some suggestion was not answered, it
    may have been about any of them.
    """
    found = [_asked(note) for note in notes]
    choices = iter(rater.attributions([text for some in found for text in some]))
    return [_highest([next(choices) for _ in some], rater.task.criterion_names, threshold) for some in found]


def by_specificity(rater: Rater, notes: Sequence[Note], threshold: float) -> list[Mapping[str, float | None]]:
    """The paper's rating of 1 to 10."""
    return [dict(ratings) for ratings in rater.specificity(notes)]


MEASURES: Mapping[str, Measure] = {
    "attribution": Measure(
        by_attribution,
        CONFIDENT,
        0.0,
        1.0,
        lambda notes, criteria: ORDERS * sum(len(_asked(note)) for note in notes),
        lambda criteria: ORDERS * MOST_SUGGESTIONS,
    ),
    "specificity": Measure(
        by_specificity,
        5,
        1,
        10,
        lambda notes, criteria: len(notes) * criteria,
        lambda criteria: criteria,
    ),
}
"""Short of attribution: no suggestion is about the criterion with confidence, as the diagnostics count it. Short of
specificity: rated below 5, "about the target criterion among others", which is what a joint note can be at least."""


def _asked(note: Note) -> list[str]:
    """The note's suggestions that the rater is asked about."""
    return suggestions(note.text)[:MOST_SUGGESTIONS]


def _highest(choices: Sequence[Choice | None], names: Sequence[str], threshold: float) -> dict[str, float | None]:
    known = [choice for choice in choices if choice is not None]
    best = {name: max((choice[name] for choice in known), default=0.0) for name in names}
    sure = len(known) == len(choices)
    return {name: value if sure or value >= threshold else None for name, value in best.items()}
