"""A session of `compare.py`: from the command line to what is shown and written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from programs.applying.comparing.asking import Plan, Scored, scored
from programs.applying.comparing.bill import Paid
from programs.applying.comparing.contestants import Contestant, Given, Side, contestants
from programs.applying.comparing.costs import Prices
from programs.applying.comparing.criteria import shared_criteria
from programs.applying.comparing.entries import entry_of, entry_of_given, notes_on
from programs.applying.comparing.field import Field, field_of
from programs.applying.comparing.findings import Findings, Question, as_json, find
from programs.applying.comparing.given import given_scores
from programs.applying.comparing.page import write_page
from programs.applying.comparing.show import show
from programs.applying.comparing.under import seed_of, settings_of
from programs.applying.judging import read_as
from programs.applying.target import read_for, writable
from programs.errors import UserError
from programs.records.folder import write_json
from programs.screen import Screen
from programs.settings import Settings, resolve

ASKED = ("metric", "margin", "against", "rows")
TARGETS = ("out", "html")


def compare_from_flags(given: Mapping[str, Any]) -> int:
    """Compares judges on rows that are the same for all. Returns the exit code."""
    flags = dict(given)
    own = {name: flags.pop(name) for name in (*ASKED, *TARGETS, "price_in", "price_out") if name in flags}
    words, names, runs = flags.pop("judges"), flags.pop("names", None), Path(flags.pop("runs_dir", "runs"))
    settings = resolve(flags)
    sides = contestants(words, names, runs)
    judges = [side for side in sides if isinstance(side, Contestant)]
    field = field_of(sides, settings)
    files = _files(own, sides, read_for(settings, field.task))
    tables = {side.name: given_scores(side, field) for side in sides if isinstance(side, Given)}
    criteria, left_out = shared_criteria(sides, tables, field.task)
    under = settings_of(judges, flags, settings)
    prices = Prices.given(own.get("price_in"), own.get("price_out"), list(under.values()))
    answers = _answers(judges, field, under, flags)
    entries = [
        entry_of_given(side, tables[side.name], field, criteria)
        if isinstance(side, Given)
        else entry_of(side, answers[side.name], field, criteria, prices)
        for side in sides
    ]
    question = Question(**{name: own[name] for name in ASKED if name in own}, seed=seed_of(judges, flags))
    notes = notes_on(sides, field, entries, left_out)
    _tell(find(question, field, entries, left_out, notes), files)
    return 0


def _answers(
    judges: Sequence[Contestant], field: Field, under: Mapping[str, Settings], flags: Mapping[str, Any]
) -> dict[str, Scored]:
    """Name -> scores. Nothing is asked before it is known that every LM can be."""
    for side in judges:
        read_as(side.judge, flags)
    plans = [Plan.of(side, field, under[side.name]) for side in judges]
    paid = Paid([side.run.folder.calls for side in judges if side.run is not None])
    return {plan.side.name: scored(plan, paid) for plan in plans}


def _tell(findings: Findings, files: Mapping[str, Path]) -> None:
    screen = Screen()
    show(findings, screen)
    if "out" in files:
        write_json(files["out"], as_json(findings))
    if "html" in files:
        write_page(files["html"], findings)
    for file in files.values():
        screen.result(f"written: {file}")


def _files(own: Mapping[str, Any], sides: Sequence[Side], rows: Sequence[str | Path | None]) -> dict[str, Path]:
    """Where results are to be written. Raises UserError where that would lose what is read here."""
    read = [*rows, *(path for side in sides for path in _sources(side))]
    files = {name: writable(own[name], *read, flag=f"--{name}") for name in TARGETS if name in own}
    if len(set(files.values())) < len(files):
        raise UserError(f"--out and --html both name {own['out']}: the second would overwrite the first")
    return files


def _sources(side: Side) -> list[str | Path | None]:
    if isinstance(side, Given):
        return [side.file]
    return [side.path, *(read_for(side.run.settings, side.run.task) if side.run is not None else [])]
