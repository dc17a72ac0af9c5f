"""A study's cell: a run in its own folder, which pays only for what no other cell has."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dspy

from programs.errors import UserError
from programs.failures import failure_line, lm_failure_line
from programs.optimizer.run import optimize
from programs.records.calls import ALONE, Links
from programs.records.folder import RunFolder, make_folder, read_json, sweep, write_json
from programs.records.shared import SharedAnswers
from programs.report_tables import cell_text
from programs.screen import Screen
from programs.studies.cost import costs_of
from programs.studies.plan import Cell
from programs.studies.prepare import Ready

COST = "cost.json"

FAILURES = (UserError, dspy.LMError)
"""What one cell may fail with while the others go on."""


def cell_folder(study: Path, cell: Cell) -> RunFolder:
    """The cell's run folder, made or not."""
    return RunFolder(study / "cells" / cell.id)


def run_cell(study: Path, every: Sequence[Cell], ready: Ready, screen: Screen, links: Links = ALONE) -> dict[str, Any]:
    """Starts or resumes one cell and returns its summary."""
    with begun(study, ready) as folder:
        rated = ready.settings.rate_every > 0
        shared = answers_of(study, every, ready.cell, seedless=rated) if ready.settings.reuse == "on" else None
        try:
            return optimize(ready.settings, ready.material, folder, screen, shared, links)
        finally:
            write_costs(folder)


def write_costs(folder: RunFolder) -> None:
    """cost.json, of what the cell's call log holds."""
    write_json(folder.path / COST, costs_of(folder.calls))


def complete_costs(study: Path, every: Sequence[Cell]) -> None:
    """What was still to be done for finished cells that were killed right before it."""
    for folder in (cell_folder(study, cell) for cell in every):
        if folder.finished and folder.calls.is_file() and not (folder.path / COST).exists():
            sweep(folder.path)
            write_costs(folder)


def begun(study: Path, ready: Ready) -> RunFolder:
    """The cell's folder with its config.json; to be held while it runs."""
    folder = cell_folder(study, ready.cell)
    make_folder(folder.path)
    (folder.path / COST).unlink(missing_ok=True)  # of an earlier session: a kill would leave too little in it
    if not folder.config.is_file():
        write_json(folder.config, ready.config)
    return folder


def begun_configs(study: Path, every: Sequence[Cell]) -> dict[str, dict[str, Any]]:
    """Task -> the config.json of a cell of it that has begun."""
    found = {}
    for cell in every:
        if (file := cell_folder(study, cell).config).is_file():
            found[cell.task] = read_json(file)
    return found


def answers_of(study: Path, every: Sequence[Cell], cell: Cell, *, seedless: bool = False) -> SharedAnswers:
    """What the other cells of the same task and seed have paid for, such as the initial judge's scores.

    With `seedless`, those of other seeds too: what is asked at temperature 0 has no seed (the rater's planted notes).
    """
    shared = SharedAnswers()
    for log in logs_of(study, every, cell):
        shared.add(log)
    for other in every if seedless else ():
        if (other.task, other.data) == (cell.task, cell.data) and other != cell:
            shared.add(cell_folder(study, other).calls)
    return shared


def logs_of(study: Path, every: Sequence[Cell], cell: Cell) -> list[Path]:
    """The call logs of the cells that ask some of what this one asks."""
    return [cell_folder(study, other).calls for other in every if _kin(other) == _kin(cell) and other != cell]


def lanes_of(waiting: Sequence[Ready]) -> list[list[Ready]]:
    """The cells in lanes that may run side by side. Those that share answers are in one, each after what it may have
    from the others, so that nothing is paid for twice; with `--reuse off` every cell has its own."""
    lanes: dict[object, list[Ready]] = {}
    for ready in waiting:
        lanes.setdefault(_kin(ready.cell) if ready.settings.reuse == "on" else ready.cell, []).append(ready)
    return list(lanes.values())


def _kin(cell: Cell) -> tuple[str, str, int]:
    return cell.task, cell.data, cell.seed


def failure_of(error: Exception) -> str:
    """What a cell failed with, as one line."""
    return failure_line(error) if isinstance(error, UserError) else lm_failure_line(error)


def ending(summary: dict[str, Any]) -> str:
    """How a cell ended, as one line."""
    tallies = summary["calls"].values()
    sent, reused = (sum(tally[name] for tally in tallies) for name in ("calls", "reused"))
    how = f"stopped by its {summary['stopped']}, run again to continue" if summary["stopped"] else "finished"
    change = cell_text(summary["difference"]["pooled"]["spearman"]["mean"])
    return f"{how}, {sent:,} calls, {reused:,} reused; mean Spearman after minus before {change}"
