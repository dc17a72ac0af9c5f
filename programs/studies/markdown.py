"""Tables as Markdown, and how a number of a study is written."""

from collections.abc import Sequence

from metrics.summary import Cell
from programs.report_tables import cell_text
from programs.reports.table import Table

NONE = "-"
"""Stands where a number does not apply."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the text of a cell cannot break it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_safe(cell) for cell in line) + " |" for line in lines)


def as_markdown(found: Table) -> str:
    """The table under its caption."""
    return f"{found.caption}:\n\n{table(found.header, found.rows)}"


def cell(found: Cell | None) -> str:
    return NONE if found is None else cell_text(found)


def number(value: float | None, digits: int = 3) -> str:
    """A number, or `undefined`."""
    return "undefined" if value is None else f"{value:.{digits}f}"


def _safe(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
