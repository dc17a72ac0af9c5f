"""Puts the planted notes before the rater, and says of each of its tasks whether it did better than chance."""

from collections.abc import Sequence
from typing import Any

from metrics.adherence import Rewritten
from metrics.attribution import Choice
from metrics.balanced import attribution_cells
from metrics.calibration import GENERIC, GRADES, MIXED, SPECIFIC, PlantedRating, above, mean_by_grade, ordering, orders
from metrics.rated import likeliest
from metrics.suggestions import suggestions
from programs.diagnostics.planted import PlantedNote, planted_notes
from programs.diagnostics.rater import Rater
from signatures import attribution
from signatures.records import Note

Calibration = dict[str, Any]
"""`planted` says what was asked; `specificity`, `attribution` and `adherence` hold `passed` and what it rests on."""

PARTS = ("specificity", "attribution", "adherence")

ADHERENCE_GRADES = ("unchanged", "applied")
"""A planted rewrite: the initial rubric as it was, or a rubric that makes every change that the note asks for."""


def calibrate(rater: Rater) -> Calibration:
    """Asks the rater about all planted notes of its task.

    `specificity` passes when specific notes are rated above generic ones and those above notes about another
    criterion: over all pairs with the whole interval above chance (0.5), and in value for each neighbouring pair.
    `attribution` passes when the balanced accuracy over criteria and generic suggestions is above chance with its
    whole interval, `adherence` when rubrics that apply a note are rated above unchanged ones, likewise.
    """
    planted = planted_notes(rater.task)
    notes = planted.notes
    return {
        "planted": {"source": planted.source, "notes": len(notes)},
        "specificity": _specificity(rater, notes),
        "attribution": _attribution(rater, notes),
        "adherence": _adherence(rater, [note for note in notes if note.kind == SPECIFIC]),
    }


def passed(calibration: Calibration, part: str) -> bool:
    """Whether the rater's numbers of that part may be reported as results."""
    return bool(calibration[part]["passed"])


def _specificity(rater: Rater, notes: Sequence[PlantedNote]) -> dict[str, Any]:
    ratings = rater.specificity([Note("gradient", "", (), note.text) for note in notes])
    rated = [
        PlantedRating(number, note.grade(name), rating)
        for number, (note, own) in enumerate(zip(notes, ratings, strict=True))
        for name, rating in own.items()
    ]
    occurring = {each.grade for each in rated}
    found = ordering([each for each in rated if each.grade != MIXED], [grade for grade in GRADES if grade in occurring])
    return {"passed": orders(found), "ordering": found, "means": mean_by_grade(rated)}


def _attribution(rater: Rater, notes: Sequence[PlantedNote]) -> dict[str, Any]:
    truths = {SPECIFIC: lambda note: note.about, GENERIC: lambda note: attribution.GENERIC}
    asked = [
        (number, truths[note.kind](note), text)
        for number, note in enumerate(notes)
        if note.kind in truths
        for text in suggestions(note.text)
    ]
    choices = rater.attributions([text for *_, text in asked])
    pairs = list(zip(asked, choices, strict=True))
    answers = [(number, truth, _likeliest(choice)) for (number, truth, _), choice in pairs if choice is not None]
    found = attribution_cells(answers, len(notes), attribution.option_names(rater.task.criteria))
    beyond = found.get("above_chance", {}).get("mean")
    return {"passed": above(beyond, 0.0), **found, "asked": len(asked), "unanswered": len(asked) - len(answers)}


def _adherence(rater: Rater, notes: Sequence[PlantedNote]) -> dict[str, Any]:
    grades = [(number, note, grade) for number, note in enumerate(notes) for grade in ADHERENCE_GRADES]
    ratings = rater.adherence([_rewritten(rater, note, grade) for _, note, grade in grades])
    rated = [PlantedRating(number, grade, rating) for (number, _, grade), rating in zip(grades, ratings, strict=True)]
    found = ordering(rated, ADHERENCE_GRADES)
    return {"passed": orders(found), "ordering": found, "means": mean_by_grade(rated)}


def _rewritten(rater: Rater, note: PlantedNote, grade: str) -> Rewritten:
    (criterion,) = rater.task.select((note.about,))
    before = criterion.initial_rubric
    return Rewritten(criterion, note.text, before, note.applied if grade == "applied" else before)


def _likeliest(choice: Choice) -> str:
    return likeliest(choice)[0]
