"""The rows that judges are compared on: the same for all, and none that a run among them has learned from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import dspy

from programs.applying.comparing.contestants import Contestant, Side
from programs.applying.comparing.past_run import PastRun
from programs.errors import UserError
from programs.optimizer.settling import rated_task, settled_task
from programs.settings import Settings
from programs.tasks.loading import load_rated
from programs.tasks.sealed import half_of, sealed_words
from programs.tasks.splits import data_hash, unit
from programs.tasks.tables import RawRow
from programs.tasks.task import Task

Sees = Callable[[dspy.Example], bool]


@dataclass(frozen=True, eq=False)
class Field:
    """`rows` are compared, `raw` the same as their table has them, `data` the hash of all rows of that table.

    `where` says in words which rows they are, `total` how many there were, `seen` how many of those were left out
    because a run had trained or validated on them (name -> rows; a row may count for several).
    """

    task: Task
    rows: Sequence[dspy.Example]
    raw: Sequence[RawRow]
    data: str
    where: str
    total: int
    seen: Mapping[str, int] = field(default_factory=dict)


def field_of(sides: Sequence[Side], settings: Settings) -> Field:
    """The test rows of the first run or, where the settings name a task or data, all rows of these but those seen.

    Raises UserError where there is nothing to compare on, or no way to know what a run has seen.
    """
    judges = [side for side in sides if isinstance(side, Contestant)]
    runs = {side.name: side.run for side in judges if side.run is not None}
    own = (settings.inputs, settings.criteria, settings.group, settings.instructions)
    described = bool(settings.task or any(own))
    if not described and not judges:
        raise UserError("scores alone do not say what was rated: describe it with --task, or --inputs and --criteria")
    task = settled_task(settings) if described else rated_task(judges[0].judge.task, settings)
    if described or settings.data is not None or not runs:
        found = _all_rows(task, settings.data, settings.half)
    else:
        found = _test_rows(*next(iter(runs.items())))
    _require_inputs(judges, found.task)
    return _without_seen(found, runs, settings.data)


def _all_rows(task: Task, data: str | None, half: str) -> Field:
    task = replace(task, optional=(*task.optional, "system"))  # nothing is told by system here
    raw, rows = load_rated(task, data)
    where = data or f"the data of task {task.name}"
    by_id = dict(zip((row["row_id"] for row in rows), raw, strict=True))
    kept = half_of(rows, task, half)
    where = f"{where}; {words}" if (words := sealed_words(rows, task, half)) else where
    return Field(task, kept, [by_id[row["row_id"]] for row in kept], data_hash(rows), where, len(kept))


def _test_rows(name: str, run: PastRun) -> Field:
    """Of the run's own table; what its splits call test rows."""
    every = run.rows()
    tested = [row["row_id"] for row in run.splits(every).test]
    raw, rows = load_rated(run.task, run.settings.data)
    places = {row["row_id"]: place for place, row in enumerate(rows)}
    chosen = [places[each] for each in tested]
    where = f"the test rows of {name}"
    return Field(
        run.task, [rows[each] for each in chosen], [raw[each] for each in chosen], run.data, where, len(chosen)
    )


def _require_inputs(judges: Sequence[Contestant], task: Task) -> None:
    for side in judges:
        if missing := [name for name in side.judge.task.input_names if name not in task.input_names]:
            raise UserError(
                f"{side.name} reads {', '.join(missing)}, which the rows of task {task.name!r} do not have: describe "
                "rows that have the inputs of all judges, with --data, --inputs and --criteria"
            )


def _without_seen(found: Field, runs: Mapping[str, PastRun], data: str | None) -> Field:
    """The field without rows that a run has trained or validated on."""
    if not runs:
        return found
    sees = {name: seer_of(run, found.data, data) for name, run in runs.items()}
    seen_by = [[name for name, saw in sees.items() if saw(row)] for row in found.rows]
    kept = [place for place, names in enumerate(seen_by) if not names]
    counts = {name: count for name in sees if (count := sum(name in names for names in seen_by))}
    if not kept:
        words = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise UserError(
            f"every one of the {len(found.rows)} rows ({found.where}) was trained or validated on ({words}): "
            "name rated rows that none of the runs has seen with --data"
        )
    rows, raw = ([values[place] for place in kept] for values in (found.rows, found.raw))
    return Field(found.task, rows, raw, found.data, found.where, found.total, counts)


def seer_of(run: PastRun, table: str, data: str | None) -> Sees:
    """Whether the run has trained or validated on a row of a table, or on another row of its document.

    `table` is the hash of all rows of that table. In another table than the run's a row is known again by its texts, or
    by its document's id: ids of rows are only numbers there.
    """
    splits = run.splits(run.rows(data))
    used = splits.seen
    if run.data == table:
        units = {unit(row, run.settings.split_by) for row in used}
        return lambda row: unit(row, run.settings.split_by) in units
    names = run.task.input_names
    texts = {tuple(row[name] for name in names) for row in used}
    documents = {row["document_id"] for row in used} - {None} if run.settings.split_by == "document" else set()
    return lambda row: tuple(row[name] for name in names) in texts or row["document_id"] in documents
