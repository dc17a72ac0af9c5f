"""Where judge and raters differ: the confusion of their levels, and the rows that the judge gets most wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from programs.reports.run_files import Record, RunFiles
from programs.reports.table import score
from signatures.records import Criterion, nearest_level

WORST = 10
"""How many of the worst rows a report shows."""


@dataclass(frozen=True)
class Quoted:
    """A row that may be quoted: its id, and the text of each input by the input's label."""

    row: str
    texts: Mapping[str, str]


Texts = Mapping[str, Quoted]
"""What scores.json calls a row -> the row."""


@dataclass(frozen=True)
class Confusion:
    """Rows are the raters' level (rounded half up), columns the judge's; `counts` with their share of the row."""

    caption: str
    levels: tuple[int, ...]
    counts: tuple[tuple[tuple[int, float], ...], ...]
    unscored: int


@dataclass(frozen=True)
class WorstRow:
    """A row far from its raters: criterion, human, before and after as words; its texts where they were to be had."""

    row: str
    distance: float
    scores: tuple[tuple[str, ...], ...]
    texts: Mapping[str, str]


def confusions(run: RunFiles, part: str) -> list[Confusion]:
    """One a criterion, of the judge `part` ("before" or "after")."""
    return [_confusion(criterion, run.scores, part) for criterion in run.task.criteria]


def worst_rows(run: RunFiles, texts: Texts) -> list[WorstRow]:
    """The rows with the largest mean distance of the kept judge from the raters, in shares of each scale."""
    distances = [(_distance(run, record), place) for place, record in enumerate(run.scores)]
    known = sorted((-distance, place) for distance, place in distances if distance)
    return [_worst(run, run.scores[place], -less, texts) for less, place in known[:WORST]]


def _confusion(criterion: Criterion, records: Sequence[Record], part: str) -> Confusion:
    return confusion(criterion, [(each["human"][criterion.name], each[part][criterion.name]) for each in records])


def confusion(criterion: Criterion, pairs: Sequence[tuple[float, float | None]]) -> Confusion:
    """Of pairs of the raters' and the judge's score (None: unscored)."""
    found = Counter((nearest_level(human), nearest_level(judge)) for human, judge in pairs if judge is not None)
    levels = _levels(criterion, found)
    return Confusion(
        caption=f"{criterion.title}: raters (rows) against judge (columns)",
        levels=levels,
        counts=tuple(tuple(_shares([found[human, judge] for judge in levels])) for human in levels),
        unscored=sum(judge is None for _, judge in pairs),
    )


def _levels(criterion: Criterion, found: Mapping[tuple[int, int], int]) -> tuple[int, ...]:
    """All levels of a short scale, only those that occur of a long one."""
    if len(criterion.levels) <= 11:
        return criterion.levels
    return tuple(sorted({level for pair in found for level in pair}))


def _shares(counts: Sequence[int]) -> list[tuple[int, float]]:
    total = sum(counts)
    return [(count, round(count / total, 3) if total else 0.0) for count in counts]


def _distance(run: RunFiles, record: Record) -> float | None:
    gaps = [
        abs(record["after"][each.name] - record["human"][each.name]) / (each.high - each.low)
        for each in run.task.criteria
        if record["after"][each.name] is not None
    ]
    return sum(gaps) / len(gaps) if gaps else None


def _worst(run: RunFiles, record: Record, distance: float, texts: Texts) -> WorstRow:
    rated = tuple(
        (title, *(score(record[part][name]) for part in ("human", "before", "after")))
        for name, title in run.titles.items()
    )
    quoted = texts.get(record["row"], Quoted(f"(hashed) {record['row']}", {}))
    return WorstRow(quoted.row, distance, rated, quoted.texts)
