"""Single raters' scores, as columns of a row or as a table with one row a rating; the mean of them is the rating.

A table of ratings says in each row which item (by the data's row id), which rater, and either one score in a column a
criterion or one `criterion` and its `score` (of a task with one criterion, `score` alone). It is a file of its own, or
the data themselves: then the rows of one item repeat its texts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from programs.errors import UserError, suggest
from programs.tasks.cells import is_empty, rating_cell, shown
from programs.tasks.columns import first_present, missing_columns, present_columns
from programs.tasks.expansion import PlacedRow
from programs.tasks.reading import cell, id_cell, joining_id, read_all
from programs.tasks.tables import read_table
from programs.tasks.task import TASKS_FOLDER, Task
from signatures.records import Criterion

RaterScores = dict[str, dict[str, float | None]]
"""Criterion -> rater -> score, None where that rater gave none."""

ITEM = ("row_id", "item_id", "item", "id")
RATER = ("rater", "rater_id", "annotator", "annotator_id", "worker", "worker_id")
CRITERION = ("criterion",)
SCORE = ("score", "rating")
"""The columns of a table of ratings where the task names none; of an item, the data's own id column comes first."""


@dataclass(frozen=True)
class Ratings:
    """A table of ratings: item -> its scores, and where each item was rated first, for error messages."""

    where: str
    scores: Mapping[str, RaterScores]
    places: Mapping[str, str]
    criteria: frozenset[str]


def score_columns(criterion: Criterion, columns: Sequence[str], row: PlacedRow) -> dict[str, float | None]:
    """The scores that the raters' `columns` of one row hold. Raises ValueError where none of them does."""
    scores = {column: cell(row, column, partial(_score, criterion=criterion)) for column in columns}
    if all(score is None for score in scores.values()):
        raise ValueError(
            f"columns {', '.join(map(repr, columns))}: all are empty; give a rating of {criterion.low}-{criterion.high}"
            " or remove the row"
        )
    return scores


def mean_score(scores: Mapping[str, float | None]) -> float:
    """The rating: the mean of the scores that were given."""
    given = [score for score in scores.values() if score is not None]
    return sum(given) / len(given)


def read_ratings(task: Task, rows: Sequence[PlacedRow], where: str) -> Ratings | None:
    """The task's table of ratings, None where it has none; `rows` are the data, which may be that table.

    Raises UserError, naming file and row, for columns that lack, scores off the scale, unknown criteria and two scores
    of one rater for the same.
    """
    if task.ratings is None:
        return None
    if not task.row:
        raise UserError(
            f"{where}: single ratings are joined by row id, and no column of row ids is named: add --row COLUMN (in a"
            ' task file, row = "COLUMN")'
        )
    if task.ratings.file:
        path = TASKS_FOLDER / task.ratings.file
        where = str(path)
        rows = [PlacedRow(number, 0, row) for number, row in enumerate(read_table(path), start=1)]
    return _gathered(_Table.of(task, rows, where), rows, where)


def join_ratings(ratings: Ratings, ids: Sequence[str], rows: Sequence[PlacedRow], where: str) -> list[RaterScores]:
    """Each row's scores. Raises UserError for an item that the data lack and a row without a score on a criterion."""
    ids = list(map(joining_id, ids))
    known = set(ids)
    if strange := [item for item in ratings.places if item not in known]:
        more = f" ({len(strange)} of {len(ratings.places)} rated items are not)" if len(strange) > 1 else ""
        raise UserError(
            f"{ratings.where}, {ratings.places[strange[0]]}: the item {shown(strange[0])} is no row id of"
            f" {where}{more}; correct it, or remove its ratings"
        )
    for each, row in zip(ids, rows, strict=True):
        lacking = [name for name in sorted(ratings.criteria) if not ratings.scores.get(each, {}).get(name)]
        if lacking:
            raise UserError(
                f"{where}, {row.place}: {ratings.where} has no score of {lacking[0]!r} for its id {shown(each)}; add"
                " one, or remove the row"
            )
    return [ratings.scores[each] for each in ids]


@dataclass(frozen=True)
class _Table:
    """Which columns of a table of ratings hold what; `scores` (criterion -> column) where each criterion has one."""

    task: Task
    item: str
    rater: str
    scores: Mapping[str, str]
    criterion: str
    score: str

    @classmethod
    def of(cls, task: Task, rows: Sequence[PlacedRow], where: str) -> "_Table":
        assert task.ratings is not None
        given, present = task.ratings, present_columns(rows)
        choices = {"item": given.item or (*task.row, *ITEM), "rater": given.rater or RATER}
        long = first_present(given.criterion or CRITERION, present)
        columns = {name: first_present(task.choices(name), present) for name in task.criterion_names}
        if not any(columns.values()) and len(columns) == 1:
            columns = dict.fromkeys(columns, first_present(given.score or SCORE, present))
        scores = {} if long else {name: column for name, column in columns.items() if column}
        if long:
            choices["score"] = given.score or SCORE
        elif not scores:
            choices["criterion"] = (*task.criterion_names, *(given.criterion or CRITERION))
        found = {name: first_present(each, present) for name, each in choices.items()}
        if missing := [choices[name] for name, column in found.items() if not column]:
            raise UserError(missing_columns(missing, present, where))
        return cls(task, found["item"], found["rater"], scores, long, found.get("score", ""))

    def read(self, row: PlacedRow) -> tuple[str, str, dict[str, float]]:
        """Item, rater and the scores that one row gives, by criterion."""
        criteria = {each.name: each for each in self.task.criteria}
        scores = {
            name: cell(row, column, partial(_score, criterion=criteria[name])) for name, column in self._cells(row)
        }
        given = {name: score for name, score in scores.items() if score is not None}
        return joining_id(cell(row, self.item, id_cell)), cell(row, self.rater, id_cell), given

    def _cells(self, row: PlacedRow) -> Iterator[tuple[str, str]]:
        """Criterion and column of every score in the row."""
        if self.criterion:
            yield cell(row, self.criterion, self._named), self.score
        yield from self.scores.items()

    def _named(self, value: Any) -> str:
        """The criterion that a cell names: by its name, its column or its label."""
        text = id_cell(value)
        for each in self.task.criteria:
            if text in (each.name, each.title, *self.task.choices(each.name)):
                return each.name
        names = self.task.criterion_names
        raise ValueError(f"is {shown(text)}, no criterion{suggest(text, names)} (known: {', '.join(names)})")


def _gathered(table: _Table, rows: Sequence[PlacedRow], where: str) -> Ratings:
    scores: dict[str, RaterScores] = {}
    places: dict[str, str] = {}
    seen: dict[tuple[str, str, str], str] = {}
    for row, (item, rater, given) in zip(rows, read_all(rows, table.read, where), strict=True):
        places.setdefault(item, row.place)
        for name, score in given.items():
            if (other := seen.setdefault((item, rater, name), row.place)) != row.place:
                raise UserError(
                    f"{where}, {row.place}: the rater {shown(rater)} has scored {name!r} of the item {shown(item)} in"
                    f" {other} already; remove one of the two"
                )
            scores.setdefault(item, {}).setdefault(name, {})[rater] = score
    ordered = {
        item: {name: dict(sorted(raters.items())) for name, raters in sorted(own.items())}
        for item, own in scores.items()
    }
    criteria = frozenset(table.scores) or frozenset(name for own in scores.values() for name in own)
    return Ratings(where, ordered, places, criteria)


def _score(value: Any, criterion: Criterion) -> float | None:
    """A rater's score; None where the rater gave none."""
    return None if is_empty(value) else rating_cell(value, criterion)
