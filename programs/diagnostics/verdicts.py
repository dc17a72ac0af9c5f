"""A rater's calibration as rows of text: every figure that a verdict rests on, whether it passed or failed."""

from collections.abc import Iterator, Mapping
from typing import Any

from metrics.summary import Cell
from programs.diagnostics.calibrate import PARTS, Calibration, passed
from programs.report_tables import cell_text

Figure = tuple[str, str, Cell, float | None]
"""Part, measure, cell, and the value of a rater that does not look (None where there is none)."""


FAILED = "rater failed calibration"
"""Stands in place of every number of a part in which it did."""


def figures(calibration: Calibration) -> Iterator[Figure]:
    """All figures of a calibration, part by part: orders found, accuracies, and mean ratings by grade."""
    for part in PARTS:
        found = calibration[part]
        for pair, cell in found.get("ordering", {}).items():
            name = "better over worse, all pairs" if pair == "all" else pair
            yield part, f"rated higher: {name}", cell, 0.5
        for grade, mean in found.get("means", {}).items():
            yield part, f"mean rating: {grade}", _cell(mean), None
        for measure, chance in (("accuracy", None), ("above_chance", 0.0)):
            if measure in found:
                yield part, measure.replace("_", " "), found[measure]["mean"], chance


def verdict_rows(calibration: Calibration) -> list[list[str]]:
    """Part, measure, value with interval, chance, and the verdict of the part."""
    return [
        [part, measure, cell_text(cell), "" if chance is None else f"{chance:g}", verdict(calibration, part)]
        for part, measure, cell, chance in figures(calibration)
    ]


def verdict(calibration: Calibration, part: str) -> str:
    """`passed` or `failed`."""
    return "passed" if passed(calibration, part) else "failed"


def _cell(mean: Mapping[str, Any]) -> Cell:
    return {"value": mean["value"], "low": None, "high": None, "n": mean["n"], "undefined": mean["unrated"]}
