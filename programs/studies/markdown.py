"""Tables as Markdown."""

from collections.abc import Sequence

from metrics.summary import Cell
from programs.report_tables import cell_text

NONE = "-"
"""Stands where a number does not apply."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the text of a cell cannot break it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_safe(cell) for cell in line) + " |" for line in lines)


def cell(found: Cell | None) -> str:
    return NONE if found is None else cell_text(found)


def number(value: float | None, digits: int = 3) -> str:
    """A number, or `undefined`."""
    return "undefined" if value is None else f"{value:.{digits}f}"


def _safe(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
