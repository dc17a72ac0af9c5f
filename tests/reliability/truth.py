"""Whether every score in an output is what a server said of that text under that rubric, and every gap has a reason."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs.backends.adapter import CompactAdapter
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge
from programs.optimizer.tested import row_mark
from programs.records.folder import read_json
from programs.tasks.loading import load_rows
from tests.reliability.faulty_server import Prompt, Seen

Log = Mapping[Prompt, list[Seen]]


@dataclass
class Checked:
    """How many scores and gaps of an output were compared, and what is wrong with it."""

    scores: int = 0
    gaps: int = 0
    wrong: tuple[str, ...] = ()

    def see(self, score: float | None, criterion: str, replies: Iterable[Seen], where: str) -> None:
        """A score must have been said in some reply; a gap needs a reply that says nothing valid, or a failure."""
        said = [None if each.said is None else each.said.get(criterion) for each in replies]
        self.scores += score is not None
        self.gaps += score is None
        if score not in said:
            self.wrong += (f"{where}, {criterion}: {score} was not among {said}",)


def check_run(folder: Path, log: Log, seed: int = 0) -> Checked:
    """scores.json: the initial judge's scores and the kept one's."""
    found, checked = read_json(folder / "scores.json"), Checked()
    kept = load_judge(folder)
    initial = Judge(kept.task, kept.groups, None, **kept.form)
    rows = {
        row_mark(row["row_id"]): row
        for row in load_rows(kept.task, read_json(folder / "config.json")["settings"]["data"])
    }
    for name, judge in (("0", initial), ("kept", kept)):
        for mark, scores in zip(found["rows"], found["judges"][name], strict=True):
            for criterion, score in zip(found["criteria"], scores, strict=True):
                replies = _replies(judge, criterion["name"], rows[mark], log, seed)
                checked.see(score, criterion["name"], replies, f"{folder.name}, judge {name}, row {mark}")
    return checked


def coverage(judge: Judge, data: Path, log: Log, seed: int = 0) -> dict[str, int]:
    """Criterion -> the rows of which some reply says something valid."""
    rows = load_rows(judge.task, str(data))
    said = {name: [_replies(judge, name, row, log, seed) for row in rows] for name in judge.task.criterion_names}
    return {
        name: sum(any((each.said or {}).get(name) is not None for each in replies) for replies in by_row)
        for name, by_row in said.items()
    }


def check_scored(path: Path, judge: Judge, log: Log, seed: int = 0) -> Checked:
    """The CSV file of score.py."""
    checked = Checked()
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            for name in judge.task.criterion_names:
                cell = row[f"{name}_score"]
                replies = _replies(judge, name, row, log, seed)
                checked.see(float(cell) if cell else None, name, replies, f"{path.name}, row {number}")
    return checked


def _replies(judge: Judge, criterion: str, row: Mapping[str, Any], log: Log, seed: int) -> list[Seen]:
    head = next(place for place, group in enumerate(judge.groups) if criterion in group)
    inputs = {each.name: row[each.name] for each in judge.task.inputs}
    system, user = (each["content"] for each in CompactAdapter().format(judge.heads[head].signature, [], inputs))
    return log.get((system, user, seed), [])
