"""A case of bad input: files, a command line, and the words that the one line must hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HEADER = "id,question,answer,helpful,polite\n"
OWN = '--data t.csv --inputs question,answer --criteria "helpful:1-5,polite:0-3" --group id'
"""The flags of an own table that the file t.csv holds."""


def rows(count: int = 60, **cells: str) -> str:
    """A good table of so many rows, of 20 documents; `cells` replace a column's cell in the third row."""
    lines = []
    for place in range(count):
        row = {"id": f"d{place % 20}", "question": "Why?", "answer": f"answer {place}"}
        row |= {"helpful": str(1 + place * 7 % 5), "polite": str(place * 3 % 4)}
        lines.append(",".join({**row, **cells}.values() if place == 2 else row.values()) + "\n")
    return HEADER + "".join(lines)


@dataclass(frozen=True)
class Case:
    """`command` is a command line without `python programs/` and `.py`; it is run in a folder with a finished run
    `runs/one`, its anchors `anchors.json` and its table `rated.csv`, after `files` (None: none) were written there."""

    command: str
    words: tuple[str, ...]
    files: Mapping[str, str | bytes | None] = field(default_factory=dict)


def table(content: str | bytes, *words: str, flags: str = OWN) -> Case:
    """optimize.py on an own table."""
    return Case(f"optimize {flags} --run new", words, {"t.csv": content})
