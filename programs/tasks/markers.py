"""Which rows of a data set hold words that could pass for a part of the prompt, or that ask for a score.

Markers are broken where a text is put into a prompt (`programs.backends.markers`), and instructions cannot be: who
reads the agreement, or uses the scores, is told how many there are. A row of honest words about prompts counts too.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from programs.backends.markers import CONTROL, HEADER, holds, tag_pattern
from programs.tasks.task import Task

FIRST = 5
"""How many row ids are named."""

INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instructions?|rubrics?|criteria|prompts?)\b"
    r"|\b(?:give|award|assign|rate)\b[^.\n]{0,40}\b(?:highest|maximum|top|full|perfect) (?:score|rating|mark|level)"
    r"|\byou are (?:now )?(?:a|an|the) (?:\w+ )?(?:judge|grader|evaluator|assistant)\b",
    re.IGNORECASE,
)


@dataclass
class MarkerCount:
    """Counts row by row. `kinds` maps each kind to its rows (one row may be of several), `first` are the first ids."""

    task: Task
    rows: int = 0
    held: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tests = kinds_of(self.task)

    def add(self, texts: Iterable[str], row: str | None = None) -> None:
        """The next row's texts, and its id where it may be named."""
        whole = "\n".join(texts)
        found = [kind for kind, test in self._tests.items() if test(whole)]
        self.rows += 1
        self.held += bool(found)
        self.kinds.update(found)
        if found and row is not None and len(self.first) < FIRST:
            self.first.append(row)

    @property
    def record(self) -> dict[str, Any] | None:
        """What config.json holds; None where no row has any."""
        if not self.held:
            return None
        return {"rows": self.held, "of": self.rows, "kinds": dict(self.kinds), "first": self.first}


def kinds_of(task: Task) -> dict[str, Callable[[str], Any]]:
    """Kind -> whether a text holds it."""
    names = "|".join(map(re.escape, task.criterion_names))
    answer = re.compile(rf"""["'](?:{names})["']\s*:\s*["']?-?\d""", re.IGNORECASE)
    tags = tag_pattern(task.input_names)
    return {
        "tags of the prompt": lambda text: holds(text, tags),
        "headers of DSPy": lambda text: holds(text, HEADER),
        "tokens of a chat template": lambda text: holds(text, CONTROL),
        "answers in the reply's form": answer.search,
        "instructions to a judge": INSTRUCTION.search,
    }


def count_markers(task: Task, rows: Sequence[dspy.Example]) -> dict[str, Any] | None:
    """`MarkerCount.record` of all rows."""
    count = MarkerCount(task)
    for row in rows:
        count.add((row[name] for name in task.input_names), row["row_id"])
    return count.record


def marker_words(record: Any) -> str:
    """The warning, without its first word; empty where nothing is to be warned of, or stands there."""
    match record:
        case {"rows": int(), "of": int(), "kinds": dict(), "first": list()}:
            return _words(record)
    return ""


def _words(record: Mapping[str, Any]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in record["kinds"].items())
    first = f"; first rows: {', '.join(map(str, record['first']))}" if record["first"] else ""
    return (
        f"{record['rows']} of {record['of']} rows hold words that could pass for a part of the prompt or ask for a "
        f"score ({kinds}{first}): markers reach no LM as such, but read the scores of these rows with care"
    )
