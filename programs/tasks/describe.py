"""A task for the user's own table, from flags instead of a TOML file."""

import csv
import re

from programs.errors import UserError
from programs.tasks.fields import Input
from programs.tasks.names import check_name, check_names, check_scale
from programs.tasks.task import Task
from signatures.records import Criterion

_CRITERION = re.compile(r"(?P<field>.+):\s*(?P<low>-?\d+)\s*-\s*(?P<high>-?\d+)", re.ASCII)


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
    `group`, `row`, `split` and `system` name the columns of documents, unique row ids, fixed splits and systems.
    Raises UserError, naming the flag and what to write instead.
    """
    fields = [_field(each, "--inputs") for each in _listed(inputs, "--inputs", "question,answer")]
    rated = [_criterion(each) for each in _listed(criteria, "--criteria", "helpful:1-5,polite:1-5")]
    columns = dict([*fields, *((criterion.name, column) for criterion, column in rated)])
    check_names([*(field for field, _ in fields), *(criterion.name for criterion, _ in rated)], "--inputs, --criteria")
    _refuse_shared(columns)
    return Task(
        name=name,
        instructions=instructions or f"Judge the {_label(*fields[-1])} on each criterion.",
        inputs=tuple(Input(field, _label(field, column)) for field, column in fields),
        criteria=tuple(criterion for criterion, _ in rated),
        columns={field: (column,) for field, column in columns.items()},
        document=(group,) if group else (),
        row=(row,) if row else (),
        split=(split,) if split else (),
        system=(system,) if system else (),
    )


def _listed(value: str | None, flag: str, example: str) -> list[str]:
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


def _criterion(item: str) -> tuple[Criterion, str]:
    match = _CRITERION.fullmatch(item)
    if match is None:
        example = f"{item.partition(':')[0] or 'helpful'}:1-5"
        raise UserError(f"--criteria: {item!r} has no scale; write name:lowest-highest, like {example}")
    low, high = int(match["low"]), int(match["high"])
    name, column = _field(match["field"].strip(), "--criteria", f":{low}-{high}")
    check_scale(name, low, high, "--criteria")
    return Criterion(name, low, high, label=_label(name, column)), column


def _label(name: str, column: str) -> str:
    """How prompts call a field: the column where that is written in words (`Maintains Context`), else the name."""
    return column if " " in column else name.replace("_", " ")


def _refuse_shared(columns: dict[str, str]) -> None:
    """Two fields of one column would be one rating judged twice, or a rating shown to the judge."""
    names: dict[str, str] = {}
    for name, column in columns.items():
        other = names.setdefault(column, name)
        if other != name:
            raise UserError(f"--inputs, --criteria: {other!r} and {name!r} both read column {column!r}; drop one")
