"""Planted notes: feedback of known quality that a rater must order before its numbers are believed.

Those of the built-in tasks are written by hand (`planted.toml`). For own tasks they are made from the criteria's
titles and descriptions by templates, which is an easier test: a description stands in the note and in the question.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from metrics.calibration import GENERIC, MIXED, SPECIFIC
from programs.tasks.task import Task
from programs.toml import read_toml
from signatures.records import Criterion

FILE = Path(__file__).with_name("planted.toml")

TEMPLATES = (
    "Keep the scale. The judge gave this score because the rubric does not say what {title} means. Add this to the "
    "rubric: {meaning}",
    "The rubric is short, which is good. It leaves open what {title} is. Tell the judge to score nothing but this: "
    "{meaning}",
    "The levels can stay. The judge looked at other things than {title}. Lower the score of a text that does badly on "
    "this: {meaning}",
    "The instruction is easy to follow. On this case {title} was judged wrongly. Give the highest score only where the "
    "answer to this is a clear yes: {meaning}",
)
"""One specific note each, for every criterion of an own task."""

APPLIED = "Score nothing but {title}: {meaning} The lowest score is for a text that does badly on this."


@dataclass(frozen=True)
class PlantedNote:
    """A note of one kind (specific, generic, mixed); a specific one is `about` a criterion; `applied` follows it."""

    kind: str
    text: str
    about: str = ""
    applied: str = ""

    def grade(self, criterion: str) -> str:
        """What the note is for a criterion: a specific note is `wrong` for all but its own."""
        return self.kind if self.kind != SPECIFIC or self.about == criterion else "wrong"


@dataclass(frozen=True)
class Planted:
    """The planted notes of a task, and where they come from: `written by hand` or `templates`."""

    source: str
    notes: tuple[PlantedNote, ...]


def planted_notes(task: Task) -> Planted:
    """The hand-written notes where there are some for exactly this task's criteria, else those of the templates."""
    content = _content()
    generic = [PlantedNote(GENERIC, each["text"].strip()) for each in content[GENERIC]]
    written = [_specific(each) for each in content[SPECIFIC] if each["task"] == task.name]
    if {note.about for note in written} == set(task.criterion_names):
        mixed = [PlantedNote(MIXED, each["text"].strip()) for each in content[MIXED] if each["task"] == task.name]
        return Planted("written by hand", (*written, *generic, *mixed))
    made = [note for criterion in task.criteria for note in _made(criterion)]
    return Planted("templates", (*made, *generic, _mixed(task)))


def _specific(found: dict[str, str]) -> PlantedNote:
    return PlantedNote(SPECIFIC, found["text"].strip(), found["about"], found["applied"])


def _made(criterion: Criterion) -> Iterator[PlantedNote]:
    words = {"title": criterion.title, "meaning": _sentence(criterion.meaning)}
    for template in TEMPLATES:
        yield PlantedNote(SPECIFIC, template.format(**words), criterion.name, APPLIED.format(**words))


def _mixed(task: Task) -> PlantedNote:
    lines = [f"Add this to the rubric for {each.title}: {_sentence(each.meaning)}" for each in task.criteria]
    return PlantedNote(MIXED, " ".join(["Keep the scales.", *lines]))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    return read_toml(FILE, "restore it from the project")
