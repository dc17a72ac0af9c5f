"""Gradient dilution in numbers: how focused notes are, what they suggest for whom, and how well rewrites follow them.

What each measure can say, and what not:

- `specificity`: the rater's 1 to 10 for the note's own criteria (the paper's number). One rater's taste; a joint note
  loses points by construction. `chance` is the same for criteria that the note is not about, which only separate notes
  have; `best` the joint note's best criterion, which is free of that loss but a maximum over K ratings.
- `suggestions`, `for_criterion`, `for_criterion_per_100_tokens`: how many suggestions a note holds, and how many of
  them are attributed with confidence to a criterion that it was written for, by criterion. Counts, no quality.
- `covered`: the share of the note's criteria that get at least one such suggestion. A joint note has no single truth,
  so for it this says what it seems to be about, not whether that is right.
- `generic`, `unclear`: the share of answered suggestions that are about no criterion, or attributed to none with
  confidence.
- `accuracy`: only for separate notes, whose criterion is known: the share of suggestions whose likeliest option is
  that criterion, averaged over the criteria (balanced); `above_chance` subtracts what the same answers would get if
  they were dealt out at random. Low values may mean a vague note or a weak rater.
- `adherence`: the rater's 1 to 10 for how well each new rubric follows its feedback.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.clustered import Sums, ratio_cells
from metrics.intervals import Scale
from metrics.rated import RatedNote, RatedRewrite
from metrics.scores import Codes, Values
from metrics.summary import Cell

Item = tuple[str, float | None, float]
"""What one note says of one criterion ("" for none in particular): a value, None where unknown, and its size."""

RATING, SHARE, COUNT = Scale(1.0, 10.0, "plain"), Scale(0.0, 1.0, "wilson"), Scale(0.0, np.inf, "logarithm")


@dataclass(frozen=True)
class Measure:
    """One number of a set of notes: what each note contributes to it, and the bounds it lies in."""

    items: Callable[[RatedNote], Iterator[Item]]
    scale: Scale


@dataclass(frozen=True, eq=False)
class Placed:
    """Notes or rewrites with the run and the cluster that each belongs to; `total` clusters are resampled."""

    notes: Sequence[RatedNote]
    runs: Codes
    clusters: Codes
    total: int

    def only(self, chosen: Sequence[bool]) -> "Placed":
        """Some of the notes, among the same clusters."""
        mask = np.array(chosen, dtype=bool)
        kept = [note for note, keep in zip(self.notes, chosen, strict=True) if keep]
        return Placed(kept, self.runs[mask], self.clusters[mask], self.total)


def _specificity(note: RatedNote) -> Iterator[Item]:
    yield from ((name, note.ratings[name], 1.0) for name in note.group if name in note.ratings)


def _chance(note: RatedNote) -> Iterator[Item]:
    yield from ((name, rating, 1.0) for name, rating in note.ratings.items() if name not in note.group)


def _best(note: RatedNote) -> Iterator[Item]:
    known = [rating for _, rating, _ in _specificity(note) if rating is not None]
    yield "", max(known, default=None), 1.0


def _suggestions(note: RatedNote) -> Iterator[Item]:
    yield "", float(len(note.suggestions) + note.left_out), 1.0


def _for_criterion(note: RatedNote) -> Iterator[Item]:
    found = note.found()
    yield from ((name, float(found.count(name)), 1.0) for name in note.group)


def _per_100_tokens(note: RatedNote) -> Iterator[Item]:
    found = note.found()
    yield from ((name, 100.0 * found.count(name), float(note.tokens)) for name in note.group)


def _covered(note: RatedNote) -> Iterator[Item]:
    found = note.found()
    yield from ((name, float(name in found), 1.0) for name in note.group)


def _generic(note: RatedNote) -> Iterator[Item]:
    if answered := _answered(note):
        yield "", float(note.generic()), float(answered)


def _unclear(note: RatedNote) -> Iterator[Item]:
    if answered := _answered(note):
        yield "", float(answered - len(note.attributed())), float(answered)


def _answered(note: RatedNote) -> int:
    return sum(choice is not None for choice in note.suggestions)


MEASURES = {
    "specificity": Measure(_specificity, RATING),
    "chance": Measure(_chance, RATING),
    "best": Measure(_best, RATING),
    "suggestions": Measure(_suggestions, COUNT),
    "for_criterion": Measure(_for_criterion, COUNT),
    "for_criterion_per_100_tokens": Measure(_per_100_tokens, COUNT),
    "covered": Measure(_covered, SHARE),
    "generic": Measure(_generic, SHARE),
    "unclear": Measure(_unclear, SHARE),
}
"""The measures of notes by name; `accuracy` and `above_chance` are those of `metrics.balanced`."""

RATINGS = ("specificity", "chance", "best")
"""Those that stand on the 1 to 10 rating; the others stand on the attribution."""


def note_cells(measure: Measure, placed: Placed, names: Sequence[str]) -> dict[str, Cell]:
    """`mean` over everything that the notes say, and one cell a criterion; `undefined` counts what is unknown."""
    columns, values, sizes, owners = _items(measure, placed)
    overall = ratio_cells(_sums(values, sizes, placed, owners), ["all"], measure.scale)["all"]
    cells = {"mean": {**overall, "undefined": int(np.isnan(values).sum())}}
    for name in names:
        mine = columns == name
        if mine.any():
            found = ratio_cells(_sums(values[mine], sizes[mine], placed, owners[mine]), ["all"], measure.scale)["all"]
            cells[name] = {**found, "undefined": int(np.isnan(values[mine]).sum())}
    return cells


def note_sums(measure: Measure, placed: Placed) -> Sums:
    """The measure over all criteria as sums by cluster: what a difference of two sets of notes needs."""
    _, values, sizes, owners = _items(measure, placed)
    return _sums(values, sizes, placed, owners)


def as_notes(rewrites: Sequence[RatedRewrite]) -> list[RatedNote]:
    """Rewrites in the shape of notes: their adherence is then the `specificity` of `note_cells`."""
    return [
        RatedNote(each.step, "", (each.criterion,), 0, {each.criterion: each.rating}, (), joint=each.joint)
        for each in rewrites
    ]


def _items(measure: Measure, placed: Placed) -> tuple[NDArray[np.object_], Values, Values, Codes]:
    found = [(place, *item) for place, note in enumerate(placed.notes) for item in measure.items(note)]
    owners = np.array([place for place, *_ in found], dtype=np.intp)
    columns = np.array([name for _, name, _, _ in found], dtype=object)
    values = np.array([np.nan if value is None else value for _, _, value, _ in found], dtype=np.float64)
    return columns, values, np.array([size for *_, size in found], dtype=np.float64), owners


def _sums(values: Values, sizes: Values, placed: Placed, owners: Codes) -> Sums:
    return Sums.of(values[:, None], sizes[:, None], placed.clusters[owners], placed.total, placed.runs[owners])
