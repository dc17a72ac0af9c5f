"""Runs the cells of a study one after the other, each in its own folder, each paying only for what no other has."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dspy

from programs.errors import UserError
from programs.failures import failure_line, lm_failure_line
from programs.optimizer.run import optimize
from programs.records.folder import RunFolder, read_json, write_json
from programs.records.shared import SharedAnswers
from programs.report_tables import cell_text
from programs.screen import Screen
from programs.studies.cost import costs_of
from programs.studies.plan import Cell
from programs.studies.prepare import Ready
from programs.studies.progress import CellScreen


def cell_folder(study: Path, cell: Cell) -> RunFolder:
    """The cell's run folder, made or not."""
    return RunFolder(study / "cells" / cell.id)


def run_cells(study: Path, every: Sequence[Cell], waiting: Sequence[Ready], screen: Screen) -> dict[str, str]:
    """Runs what is not finished. A cell that fails is reported and the others go on. Returns cell id -> what failed."""
    failed: dict[str, str] = {}
    for place, ready in enumerate(waiting, start=1):
        name = f"{ready.cell.id} ({place}/{len(waiting)})"
        screen.say(f"{name}: begins, at most {sum(ready.estimate.values()):,} LM calls")
        try:
            summary = run_cell(study, every, ready, CellScreen(screen, ready.cell.id))
        except (UserError, dspy.LMError) as error:
            line = failure_line if isinstance(error, UserError) else lm_failure_line
            failed[ready.cell.id] = line(error)
            screen.say(f"{name}: failed: {failed[ready.cell.id]}")
        else:
            screen.say(f"{name}: {_ending(summary)}")
    return failed


def run_cell(study: Path, every: Sequence[Cell], ready: Ready, screen: Screen) -> dict[str, Any]:
    """Starts or resumes one cell and returns its summary."""
    folder = cell_folder(study, ready.cell)
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder:
        if not folder.config.is_file():
            write_json(folder.config, ready.config)
        rated = ready.settings.rate_every > 0
        shared = answers_of(study, every, ready.cell, seedless=rated) if ready.settings.reuse == "on" else None
        try:
            return optimize(ready.settings, ready.material, folder, screen, shared)
        finally:
            write_json(folder.path / "cost.json", costs_of(folder.calls))


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
    for other in every:
        alike = (other.task, other.data) == (cell.task, cell.data) and (seedless or other.seed == cell.seed)
        if alike and other != cell:
            shared.add(cell_folder(study, other).calls)
    return shared


def _ending(summary: dict[str, Any]) -> str:
    tallies = summary["calls"].values()
    sent, reused = (sum(tally[name] for tally in tallies) for name in ("calls", "reused"))
    how = f"stopped by its {summary['stopped']}, run again to continue" if summary["stopped"] else "finished"
    change = cell_text(summary["difference"]["pooled"]["spearman"]["mean"])
    return f"{how}, {sent:,} calls, {reused:,} reused; mean Spearman after minus before {change}"
