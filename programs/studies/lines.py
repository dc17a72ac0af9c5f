"""The long format of a study's numbers: one line a number, for tables.csv and every later analysis."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from metrics.detectable import detectable
from metrics.summary import Cell

DIFFERENCES = ("difference", "against_initial")
"""What is a difference, and so has a smallest one that could be detected."""


@dataclass(frozen=True)
class Line:
    """One number and where it belongs. An empty field does not apply, an undefined value is empty too, with its n.

    `table` says which table it is of, `what` which judge or quantity; `seed` is empty where it is the mean over seeds,
    whose standard deviation is then `spread`.
    """

    table: str
    task: str
    mode: str = ""
    gate: str = ""
    seed: int | None = None
    step: int | None = None
    what: str = ""
    view: str = ""
    criterion: str = ""
    metric: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    detectable: float | None = None
    spread: float | None = None
    scored: int | None = None
    rows: int | None = None


def cell_fields(what: str, cell: Cell) -> dict[str, Any]:
    """The fields that a cell of a summary fills."""
    smallest = detectable(cell) if what in DIFFERENCES else None
    return {"what": what, "detectable": smallest, **{name: cell[name] for name in ("value", "low", "high", "n")}}


def covered(coverage: Mapping[str, Mapping[str, int]], criterion: str) -> dict[str, Any]:
    """How many rows of a criterion were scored, of how many; nothing for the mean."""
    found = coverage.get(criterion)
    return {"scored": found["scored"] if found else None, "rows": found["rows"] if found else None}


def as_csv(lines: Iterable[Line]) -> str:
    """The lines as CSV; None is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Line)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(vars, lines))
    return text.getvalue()
