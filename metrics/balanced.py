"""Balanced accuracy of the blind attribution, and how far it is above chance."""

from collections.abc import Iterable, Sequence

import numpy as np

from metrics.clustered import estimate_cells
from metrics.intervals import Scale
from metrics.rated import RatedNote, likeliest
from metrics.scores import Values
from metrics.summary import Cell

Attributed = tuple[int, str, str]
"""A suggestion's cluster, what it is about, and its likeliest option."""

SHARE, DIFFERENCE = Scale(0.0, 1.0, "wilson"), Scale(-1.0, 1.0, "plain")


def attribution_cells(answers: Sequence[Attributed], total: int, classes: Sequence[str]) -> dict[str, dict[str, Cell]]:
    """`accuracy` and `above_chance` by class, `mean` balanced over the classes that occur as truths.

    Chance is what each class would get if the answers to all classes were dealt out at random: a rater that does not
    look has exactly that, whatever letters it prefers. Empty without answers.
    """
    present = [name for name in classes if any(truth == name for _, truth, _ in answers)]
    if not present:
        return {}
    told, asked = _counts(answers, total, present)

    def shares(weights: Values) -> Values:
        """(B, truth, answer): how often a suggestion about one class is attributed to another."""
        above, below = np.einsum("bg,gta->bta", weights, told), (weights @ asked)[:, :, None]
        return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)

    def right(weights: Values) -> Values:
        return np.diagonal(shares(weights), axis1=1, axis2=2)

    def beyond(weights: Values) -> Values:
        found = shares(weights)
        difference: Values = np.diagonal(found, axis1=1, axis2=2) - found.mean(axis=1)
        return difference

    counted, informed = asked.sum(axis=0).astype(np.intp), np.count_nonzero(asked, axis=0)
    every = int(np.count_nonzero(asked.sum(axis=1)))
    accuracy = estimate_cells(right, total, counted, informed, present, SHARE, informed_mean=every)
    above = estimate_cells(beyond, total, counted, informed, present, DIFFERENCE, informed_mean=every)
    return {
        "accuracy": accuracy,
        "above_chance": {name: _with_interval(cell, accuracy[name]) for name, cell in above.items()},
    }


def attributed(notes: Iterable[tuple[int, RatedNote]]) -> list[Attributed]:
    """Every answered suggestion of the separate notes (cluster, note): their criterion is the truth."""
    return [
        (cluster, note.group[0], likeliest(choice)[0])
        for cluster, note in notes
        if not note.joint
        for choice in note.suggestions
        if choice is not None
    ]


def _with_interval(above: Cell, accuracy: Cell) -> Cell:
    """Where all clusters are alike (a rater that is always right): the accuracy's interval, moved by chance."""
    value, low, high = accuracy["value"], accuracy["low"], accuracy["high"]
    if above["low"] is not None or above["value"] is None or value is None or low is None or high is None:
        return above
    return {**above, "low": above["value"] + low - value, "high": above["value"] + high - value}


def _counts(answers: Sequence[Attributed], total: int, present: Sequence[str]) -> tuple[Values, Values]:
    """Per cluster: (G, truth, answer) answers, those outside the classes left out, and (G, truth) asked."""
    place = {name: position for position, name in enumerate(present)}
    told, asked = np.zeros((total, len(present), len(present))), np.zeros((total, len(present)))
    for cluster, truth, answer in answers:
        asked[cluster, place[truth]] += 1
        if answer in place:
            told[cluster, place[truth], place[answer]] += 1
    return told, asked
