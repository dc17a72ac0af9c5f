"""A table of a page: plain text cells, which the template escapes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from programs.report_tables import short


@dataclass(frozen=True)
class Table:
    """The first column names the row. Every table has a caption that can stand alone."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> "Table":
        return cls(caption, tuple(header), tuple(tuple(row) for row in rows))


def number(value: float | None, otherwise: str = "undefined") -> str:
    """`.412`, `-.030`, `1.204`; None in words."""
    return otherwise if value is None else short(value)


def score(value: float | None) -> str:
    """A score as raters and judges give it; None in words."""
    return "unscored" if value is None else f"{round(value, 2):g}"
