"""What a section of a page is made of. Every text in it is plain: the template escapes it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from programs.reports.diff import Piece
from programs.reports.disagreement import Confusion
from programs.reports.plot import Figure
from programs.reports.table import Table


@dataclass(frozen=True)
class Heading:
    """Begins a part of a section."""

    text: str


@dataclass(frozen=True)
class Diff:
    """One text against another, under its label."""

    label: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Grid:
    """Parts that stand side by side where there is room: two `wide`, three `middle` or four `narrow` ones a row."""

    parts: Sequence["Part"]
    width: Literal["wide", "middle", "narrow"] = "wide"


@dataclass(frozen=True)
class Fold:
    """Parts that are shown when they are asked for."""

    title: str
    parts: Sequence["Part"]


Part = str | Table | Figure | Confusion | Heading | Diff | Grid | Fold
"""A `str` is a paragraph."""


@dataclass(frozen=True)
class Section:
    """A titled stretch of a page; a paragraph, a heading or a table of it can stand in Markdown too."""

    title: str
    parts: Sequence[Part]

    @property
    def slug(self) -> str:
        """What a link within the page calls it."""
        return re.sub(r"\W+", "-", self.title.lower()).strip("-")


def kind(part: Part) -> str:
    """Which macro of the template shows a part."""
    return "words" if isinstance(part, str) else type(part).__name__.lower()


def figures_of(parts: Sequence[Part]) -> list[Figure]:
    """All figures among the parts, however deep."""
    found: list[Figure] = []
    for part in parts:
        if isinstance(part, Figure):
            found.append(part)
        elif isinstance(part, Grid | Fold):
            found += figures_of(part.parts)
    return found
