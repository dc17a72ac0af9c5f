"""What a person reads of one run's diagnosis on the screen."""

from collections.abc import Sequence

from metrics.dilution import MEASURES
from programs.diagnostics.cells import Cells, cells_of
from programs.diagnostics.diagnosis import Diagnosis
from programs.diagnostics.verdicts import verdict_rows
from programs.report_tables import cell_text
from programs.screen import Screen

FAILED = "rater failed calibration"


def show_diagnosis(diagnosis: Diagnosis, screen: Screen) -> None:
    """The calibration first, then what it allows to be reported."""
    origin = diagnosis.origin
    planted = diagnosis.calibration["planted"]
    notes = f"{planted['notes']} planted notes of {origin.task} ({planted['source']})"
    screen.table(
        f"\ncalibration of {diagnosis.rater.lm} on {notes}",
        ["part", "measure", "value", "chance", "verdict"],
        verdict_rows(diagnosis.calibration),
    )
    cells, names = cells_of([diagnosis]), list(origin.criteria)
    rows = [_row(name, cells, names) for name in (*MEASURES, "accuracy", "above_chance", "adherence")]
    screen.table(
        f"\nfeedback of {origin.mode} ({len(diagnosis.notes)} of {diagnosis.gradients} notes)",
        ["measure", "mean", *names, "n"],
        rows,
    )


def _row(measure: str, cells: Cells, names: Sequence[str]) -> list[str]:
    if measure not in cells:
        return [measure.replace("_", " "), FAILED, *[""] * (len(names) + 1)]
    found = cells[measure]
    return [
        measure.replace("_", " "),
        cell_text(found["mean"]) if found else "undefined",
        *(cell_text(found[name]) if name in found else "" for name in names),
        str(found["mean"]["n"]) if found else "0",
    ]
