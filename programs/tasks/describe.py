"""A task for the user's own table, from flags instead of a TOML file."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from programs.errors import UserError
from programs.tasks.fields import Input, RatingsReference
from programs.tasks.names import check_name, check_names, check_raters, check_scale
from programs.tasks.task import Task
from signatures.records import Criterion

_CRITERION = re.compile(r"(?P<field>.+?):\s*(?P<low>-?\d+)\s*-\s*(?P<high>-?\d+)(\s*@(?P<raters>.*))?", re.ASCII)


def task_from_flags(
    inputs: str | None,
    criteria: str | None,
    group: str | None = None,
    row: str | None = None,
    split: str | None = None,
    instructions: str | None = None,
    name: str = "custom",
    system: str | None = None,
) -> Task:
    """The task that `--inputs a,b --criteria helpful:1-5,polite:1-5 --group id` describes.

    Inputs are in prompt order: what many rows share first, the judged text last. `name=column` reads a column of
    another name, `"context=Maintains Context:1-3"`; a column with a comma is put in quotation marks of its own.
    `helpful:1-5@anna,ben,tone:1-3` names the columns of single raters: what follows `@` up to the next item with a
    scale; a rater column with `:` or `@` in its name needs a task file.
    `group`, `row`, `split` and `system` name the columns of documents, unique row ids, fixed splits and systems.
    Raises UserError, naming the flag and what to write instead.
    """
    fields = [_field(each, "--inputs") for each in listed(inputs, "--inputs", "question,answer")]
    rated = [_criterion(each) for each in _with_raters(listed(criteria, "--criteria", "helpful:1-5,polite:1-5"))]
    raters = {each.name: columns for each, _, columns in rated if columns}
    columns = dict([*fields, *((each.name, column) for each, column, _ in rated if each.name not in raters)])
    check_names([*(field for field, _ in fields), *(each.name for each, *_ in rated)], "--inputs, --criteria")
    check_raters(raters, "--criteria")
    _refuse_shared([*columns.items(), *((name, column) for name, each in raters.items() for column in each)])
    return Task(
        name=name,
        instructions=instructions or f"Judge the {_label(*fields[-1])} on each criterion.",
        inputs=tuple(Input(field, _label(field, column)) for field, column in fields),
        criteria=tuple(criterion for criterion, *_ in rated),
        columns={field: (column,) for field, column in columns.items()},
        document=(group,) if group else (),
        row=(row,) if row else (),
        split=(split,) if split else (),
        system=(system,) if system else (),
        raters=raters,
    )


def rated_singly(task: Task, ratings: str | None, rater: str | None, row: str | None = None) -> Task:
    """The task with the table of single ratings that `--ratings FILE` and `--rater COLUMN` name; the same without.

    They stand in place of what the task itself says of raters; `row` is the column of row ids that they are joined by.
    """
    task = replace(task, row=(row,)) if row else task
    if ratings is None and rater is None:
        return task
    known = task.ratings or RatingsReference()
    file = known.file if ratings is None else str(Path(ratings).expanduser().resolve())
    return replace(task, raters={}, ratings=replace(known, file=file, rater=(rater,) if rater else known.rater))


def listed(value: str | None, flag: str, example: str) -> list[str]:
    """The items of a flag, separated by commas; an item with a comma of its own stands in quotation marks."""
    if value is None or not value.strip():
        raise UserError(f"{flag}: is missing; write {flag} {example}")
    try:
        items = [item.strip() for item in next(csv.reader([value], skipinitialspace=True, strict=True))]
    except csv.Error as error:
        raise UserError(f"{flag}: {value!r}: {error}; write {flag} {example}") from error
    if not all(items):
        raise UserError(f"{flag}: {value!r} has an empty item; write {flag} {example}")
    return items


def _field(item: str, flag: str, ending: str = "") -> tuple[str, str]:
    """Name and column of `name` or `name=column`."""
    name, equals, column = (part.strip() for part in item.partition("="))
    if equals and not (name and column):
        raise UserError(f'{flag}: {item!r} lacks a name or a column; write {flag} "name=Column{ending}"')
    if not name.isidentifier() and not equals:
        wanted = re.sub(r"\W+", "_", name.lower()).strip("_") or "name"
        raise UserError(f'{flag}: {name!r} cannot be a name; write {flag} "{wanted}={name}{ending}"')
    check_name(name, flag)
    return name, column or name


def _with_raters(items: Sequence[str]) -> list[list[str]]:
    """Each item with a scale, and the items after it that name further raters of it."""
    found: list[list[str]] = []
    for item in items:
        match = _CRITERION.fullmatch(found[-1][0]) if found else None
        if match is None or match["raters"] is None or _CRITERION.fullmatch(item):
            found.append([item])
        else:
            found[-1].append(item)
    return found


def _criterion(items: Sequence[str]) -> tuple[Criterion, str, tuple[str, ...]]:
    """The criterion, its column and its raters' columns (none: the column is the rating)."""
    item, *others = items
    match = _CRITERION.fullmatch(item)
    if match is None:
        example = f"{item.partition(':')[0] or 'helpful'}:1-5"
        raise UserError(f"--criteria: {item!r} has no scale; write name:lowest-highest, like {example}")
    low, high = int(match["low"]), int(match["high"])
    name, column = _field(match["field"].strip(), "--criteria", f":{low}-{high}")
    check_scale(name, low, high, "--criteria")
    raters = () if match["raters"] is None else _raters(name, column, [match["raters"].strip(), *others])
    return Criterion(name, low, high, label=_label(name, column)), column, raters


def _raters(name: str, column: str, raters: Sequence[str]) -> tuple[str, ...]:
    for rater in raters:
        if not rater or ":" in rater or "@" in rater:
            raise UserError(
                f"--criteria: {rater!r} is neither a criterion with a scale (name:1-5) nor a rater column of {name!r};"
                f" write {name}:1-5@anna,ben (columns with : or @ in their names need a task file)"
            )
    if column != name:
        raise UserError(
            f"--criteria: {name!r} has the column {column!r} and raters, whose mean is the rating; drop the column"
        )
    return tuple(raters)


def _label(name: str, column: str) -> str:
    """How prompts call a field: the column where that is written in words (`Maintains Context`), else the name."""
    return column if " " in column else name.replace("_", " ")


def _refuse_shared(columns: Iterable[tuple[str, str]]) -> None:
    """Two fields of one column would be one rating judged twice, or a rating shown to the judge."""
    names: dict[str, str] = {}
    for name, column in columns:
        other = names.setdefault(column, name)
        if other != name:
            raise UserError(f"--inputs, --criteria: {other!r} and {name!r} both read column {column!r}; drop one")
