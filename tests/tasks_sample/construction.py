"""Reads the column `how` of the bundled data set, and the rules of SAMPLE.md as code."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from programs.tasks.tables import RawRow
from programs.tasks.task import TASKS_FOLDER

CRITERIA = ("polite", "actionable", "relevant", "fluent")
RELEVANCE = {
    "answers both": 5,
    "answers the first, leaves the second open": 4,
    "answers the second, leaves the first open": 4,
    "answers the first, ignores the second": 3,
    "answers the second, ignores the first": 3,
    "same matter, answers neither": 2,
    "another matter": 1,
}
QUOTE = re.compile(r"«([^«»]+)»")
MISTAKE = re.compile(r"«([^«»]+)» to «([^«»]+)»")


def raw_rows() -> list[RawRow]:
    with (TASKS_FOLDER / "sample.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Construction:
    """What was done to one reply: per criterion its parts, `{"polite": {"courtesy": ("Sorry",)}}`."""

    parts: dict[str, dict[str, tuple[str, ...]]]
    relevance: str
    mistakes: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, how: str) -> "Construction":
        said = dict(section.split(": ", 1) for section in how.split(" | "))
        assert tuple(said) == CRITERIA, how
        parts = {criterion: _parts(text) for criterion, text in said.items()}
        return cls(parts, said["relevant"], tuple(MISTAKE.findall(said["fluent"].split("; reordered")[0])))

    @property
    def reordered(self) -> tuple[str, ...]:
        return self.parts["fluent"].get("reordered", ())

    def has(self, criterion: str, part: str) -> bool:
        return part in self.parts[criterion]

    def quotes(self) -> Iterator[str]:
        """All that must stand in the reply word for word."""
        for criterion in ("polite", "actionable"):
            for quoted in self.parts[criterion].values():
                yield from quoted
        yield from self.reordered

    def rating(self, criterion: str) -> int:
        rules = {
            "polite": self._polite,
            "actionable": self._actionable,
            "relevant": lambda: RELEVANCE[self.relevance],
            "fluent": self._fluent,
        }
        return rules[criterion]()

    def _polite(self) -> int:
        if self.has("polite", "insult"):
            return 1
        if self.has("polite", "reproach"):
            return 2
        return 3 + self.has("polite", "courtesy") + self.has("polite", "feeling")

    def _actionable(self) -> int:
        if self.has("actionable", "step"):
            return 3 + self.has("actionable", "deadline") + self.has("actionable", "contact")
        return 2 if self.has("actionable", "promise") else 1

    def _fluent(self) -> int:
        count = len(self.mistakes)
        assert bool(self.reordered) == (count >= 3)
        return 5 - count if count < 3 else 2 if count < 5 else 1


def swap_pairs(clause: str) -> str:
    """The first word changes places with the second, the third with the fourth, and so on: its own inverse."""
    words = clause.split(" ")
    for first in range(0, len(words) - 1, 2):
        words[first], words[first + 1] = words[first + 1], words[first]
    return " ".join(words)


def _parts(text: str) -> dict[str, tuple[str, ...]]:
    pieces = (piece.split(" ", 1) for piece in text.split("; ") if "«" in piece)
    return {name: tuple(QUOTE.findall(quoted)) for name, quoted in pieces}
