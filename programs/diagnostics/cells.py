"""The numbers of a set of diagnoses: one run's, or a configuration's over its seeds.

What a rater gave in a part of its work in which it failed calibration is left out, so that no table can show it as a
result.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.balanced import attributed, attribution_cells
from metrics.clustered import codes, difference_cells, enough
from metrics.dilution import MEASURES, RATINGS, Placed, as_notes, note_cells, note_sums
from metrics.scores import Codes
from metrics.summary import Cell
from programs.diagnostics.calibrate import passed
from programs.diagnostics.diagnosis import Diagnosis

Cells = dict[str, dict[str, Cell]]
"""Measure -> `mean` or criterion -> cell."""

COMPARED = ("specificity", "best", "suggestions", "for_criterion", "for_criterion_per_100_tokens", "covered", "generic")
"""The measures of notes that separate and joint ones both have."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """The notes and rewrites of several runs among shared clusters.

    Notes are clustered by seed and step, whatever the mode: at the same step of the same seed all modes see the same
    rows, and may even write the same notes. With under six such clusters, too few for an interval, by row within them
    (`unit` says which); that takes the notes on two rows of a step for independent, although their rubric is the same.
    """

    notes: Placed
    rewrites: Placed
    unit: str


def gather(diagnoses: Sequence[Diagnosis]) -> Gathered:
    """All notes and rewrites of the runs."""
    pairs = [(run, note) for run, each in enumerate(diagnoses) for note in each.notes]
    steps = [(diagnoses[run].origin.seed, note.step) for run, note in pairs]
    by_row = not enough(len(set(steps)))
    keys = [(*key, note.row if by_row else "") for key, (_, note) in zip(steps, pairs, strict=True)]
    notes = Placed([note for _, note in pairs], _runs([run for run, _ in pairs]), *codes(keys))
    rewritten = [(run, each) for run, found in enumerate(diagnoses) for each in found.rewrites]
    places = [(diagnoses[run].origin.seed, each.step) for run, each in rewritten]
    written = Placed(as_notes([each for _, each in rewritten]), _runs([run for run, _ in rewritten]), *codes(places))
    return Gathered(notes, written, "rows" if by_row else "steps")


def cells_of(diagnoses: Sequence[Diagnosis]) -> Cells:
    """Every measure that the rater may be believed in."""
    found, names = gather(diagnoses), diagnoses[0].origin.criteria
    cells = {name: note_cells(measure, found.notes, names) for name, measure in MEASURES.items()}
    answers = attributed(
        (int(cluster), note) for cluster, note in zip(found.notes.clusters, found.notes.notes, strict=True)
    )
    cells |= attribution_cells(answers, found.notes.total, names)
    cells["adherence"] = note_cells(MEASURES["specificity"], found.rewrites, names)
    return {name: each for name, each in cells.items() if believed(diagnoses, name)}


def separate_minus_joint(diagnoses: Sequence[Diagnosis]) -> dict[str, Cell]:
    """Measure -> the mean over separate notes' runs minus the mean over joint ones', on the clusters of both."""
    found = gather(diagnoses)
    names = [name for name in COMPARED if believed(diagnoses, name)]
    cells = {name: _difference(found.notes, name) for name in names}
    if believed(diagnoses, "adherence"):
        cells["adherence"] = _difference(found.rewrites, "specificity")
    return {name: cell for name, cell in cells.items() if cell is not None}


def believed(diagnoses: Sequence[Diagnosis], measure: str) -> bool:
    """Whether the rater passed the part of its calibration that a measure stands on."""
    part = part_of(measure)
    return part is None or all(passed(each.calibration, part) for each in diagnoses)


def part_of(measure: str) -> str | None:
    """The part of the calibration that a measure stands on; suggestions are counted without the rater."""
    if measure == "suggestions":
        return None
    return "adherence" if measure == "adherence" else "specificity" if measure in RATINGS else "attribution"


def _difference(placed: Placed, name: str) -> Cell | None:
    joint = [note.joint for note in placed.notes]
    if all(joint) or not any(joint):
        return None
    measure = MEASURES[name]
    separate, together = (note_sums(measure, placed.only([side == own for own in joint])) for side in (False, True))
    return difference_cells(separate, together, ["all"], measure.scale)["all"]


def _runs(numbers: Sequence[int]) -> Codes:
    return np.array(numbers, dtype=np.intp)
