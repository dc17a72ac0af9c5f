"""What a person reads of one run's diagnosis on the screen."""

from collections.abc import Mapping, Sequence

from metrics.dilution import MEASURES
from metrics.summary import Cell
from programs.diagnostics.cells import believed, cells_of
from programs.diagnostics.diagnosis import Diagnosis
from programs.diagnostics.verdicts import FAILED, verdict_rows
from programs.report_tables import cell_text
from programs.screen import Screen


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
    rows = []
    for name in (*MEASURES, "accuracy", "above_chance", "adherence"):
        if not believed([diagnosis], name):
            rows.append([_title(name), FAILED, *[""] * (len(names) + 1)])
        elif (found := cells.get(name)) and found["mean"]["n"]:
            rows.append([_title(name), *_row(found, names)])
    title = f"\nfeedback of {origin.mode} ({len(diagnosis.notes)} of {diagnosis.gradients} notes)"
    screen.table(title, ["measure", "mean", *names, "n"], rows)


def _title(measure: str) -> str:
    return measure.replace("_", " ")


def _row(found: Mapping[str, Cell], names: Sequence[str]) -> list[str]:
    texts = (cell_text(found[name]) if name in found else "" for name in ("mean", *names))
    return [*texts, str(found["mean"]["n"])]
