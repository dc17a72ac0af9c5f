"""Whether a rater may be believed: it must order planted notes, whose quality is known, better than chance.

A rater that fails has its numbers shown as failed, and not as results. What this cannot say: that a rater which orders
plain cases also orders subtle ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from metrics.clustered import estimate_cells
from metrics.intervals import Scale
from metrics.scores import Codes, Values
from metrics.summary import Cell

WRONG, GENERIC, MIXED, SPECIFIC = "wrong", "generic", "mixed", "specific"
GRADES = (WRONG, GENERIC, SPECIFIC)
"""What a planted note is for the criterion that it is rated for, worst first: about another one, about none, about it
with concrete changes. Notes that mix all criteria are rated too, but where they belong is a matter of taste."""

ROUNDING = 1e-9
"""An interval without width, as a rater that always says the same has, is not above chance by a rounding error."""

CONCORDANCE = Scale(0.0, 1.0, "wilson")


@dataclass(frozen=True)
class PlantedRating:
    """The rating of planted note number `note` for one criterion, for which it is of this `grade`."""

    note: int
    grade: str
    rating: int | None


def ordering(rated: Sequence[PlantedRating], grades: Sequence[str] = GRADES) -> dict[str, Cell]:
    """How often the better of two planted notes is rated higher (ties are half; 0.5 is chance; the AUC of two grades).

    `all` is over all pairs of different grades, `BETTER over WORSE` over neighbours. Intervals resample notes.
    """
    known = [each for each in rated if each.rating is not None]
    numbers = sorted({each.note for each in known})
    pairs = {f"{better} over {worse}": (worse, better) for worse, better in pairwise(grades)}
    kinds = {"all": tuple(grades), **pairs} if len(grades) > 2 else pairs
    return {name: _concordance(known, numbers, chosen) for name, chosen in kinds.items()}


def mean_by_grade(rated: Sequence[PlantedRating]) -> dict[str, dict[str, float | int | None]]:
    """Grade -> mean rating, n, and how many were not rated."""
    table: dict[str, dict[str, float | int | None]] = {}
    for grade in dict.fromkeys(each.grade for each in rated):
        own = [each.rating for each in rated if each.grade == grade]
        known = [rating for rating in own if rating is not None]
        table[grade] = {
            "value": sum(known) / len(known) if known else None,
            "n": len(known),
            "unrated": len(own) - len(known),
        }
    return table


def above(cell: Cell | None, chance: float) -> bool:
    """Whether the whole interval lies above chance."""
    return cell is not None and cell["low"] is not None and cell["low"] > chance + ROUNDING


def orders(cells: dict[str, Cell]) -> bool:
    """Over all pairs the interval must lie above chance, and every neighbouring pair's value."""
    whole = cells["all"] if "all" in cells else next(iter(cells.values()))
    return above(whole, 0.5) and all((cell["value"] or 0) > 0.5 + ROUNDING for cell in cells.values())


def _concordance(rated: Sequence[PlantedRating], numbers: Sequence[int], grades: Sequence[str]) -> Cell:
    """Bilinear in the notes' weights: a resampled note brings all its pairs."""
    own = [each for each in rated if each.grade in grades]
    notes = np.array([numbers.index(each.note) for each in own], dtype=np.intp)
    rank = np.array([grades.index(each.grade) for each in own])
    rating = np.array([each.rating for each in own], dtype=np.float64)
    pairs = (rank[:, None] > rank[None, :]).astype(np.float64)
    won = pairs * (np.sign(rating[:, None] - rating[None, :]) + 1) / 2
    total = len(numbers)
    above_matrix, below_matrix = _between(won, notes, total), _between(pairs, notes, total)

    def value(weights: Values) -> Values:
        better = np.einsum("bg,gh,bh->b", weights, above_matrix, weights)
        every = np.einsum("bg,gh,bh->b", weights, below_matrix, weights)
        return np.divide(better, every, out=np.full_like(better, np.nan), where=every > 0)[:, None]

    counted, informed = np.array([len(own)]), np.array([len(np.unique(notes))])
    return estimate_cells(value, total, counted, informed, ["all"], CONCORDANCE)["all"]


def _between(pairs: Values, notes: Codes, total: int) -> Values:
    """(G, G): the sums of an item-by-item matrix by note."""
    rows = np.zeros((total, pairs.shape[1]))
    np.add.at(rows, notes, pairs)
    columns = np.zeros((total, total))
    np.add.at(columns.T, notes, rows.T)
    return columns
