"""From flags to what a run is made of: its settings, its task, and sizes that the rows can bear."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy

from metrics.score_calibration import FEWEST
from programs.errors import UserError
from programs.optimizer.conflict.ways import check_conflict
from programs.optimizer.gate import gate
from programs.optimizer.gate_by import require_gate
from programs.optimizer.merge import require_choice
from programs.optimizer.methods import check_method
from programs.optimizer.modes import parse_mode
from programs.optimizer.order_search import require_order
from programs.optimizer.pairing import require_rows
from programs.optimizer.pricing import budget_of
from programs.optimizer.race import require_probable
from programs.optimizer.router import threshold_of
from programs.optimizer.rows.anchors import set_apart
from programs.settings import PRESETS, SIZES, Settings
from programs.tasks.describe import rated_singly, task_from_flags
from programs.tasks.sealed import half_of
from programs.tasks.splits import Sizes, Splits, split_rows
from programs.tasks.task import Task, load_task


def normal(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags as a run keeps them: mode, optimizer and control as they are spelled, a data file by its full path."""
    settled = dict(flags)
    if "mode" in flags:
        settled["mode"] = _mode(flags["mode"])
    for name in ("optimizer", "control"):
        if name in flags:
            settled[name] = flags[name].lower()
    for name in ("data", "ratings"):
        if name in flags and Path(flags[name]).exists():
            settled[name] = str(Path(flags[name]).resolve())
    return settled


def _mode(text: str) -> str:
    try:
        return parse_mode(text).name
    except UserError as error:
        raise UserError(f"--mode: {error}") from None


def settled_task(settings: Settings) -> Task:
    """The task that the flags describe: a named one, or the user's own table."""
    own = settings.inputs or settings.criteria
    if own and settings.task:
        raise UserError("--task and --inputs/--criteria both describe the task: give one of them")
    if own:
        if settings.data is None:
            raise UserError("--inputs and --criteria describe an own table: say where it is with --data FILE")
        task = task_from_flags(
            settings.inputs,
            settings.criteria,
            group=settings.group,
            row=settings.row,
            instructions=settings.instructions,
            system=settings.system,
        )
        if task.raters and (settings.ratings or settings.rater):
            raise UserError("--criteria name raters' columns, and --ratings or --rater a table of ratings: drop one")
        return rated_singly(task, settings.ratings, settings.rater)
    if settings.group or settings.instructions:
        raise UserError("--group and --instructions go with --inputs and --criteria, for an own table")
    task = load_task(settings.task or "sample").with_system(settings.system)
    return rated_task(task, settings)


def described_task(settings: Settings) -> Task | None:
    """The task that the flags describe, for a judge that has its own where they describe none."""
    return settled_task(settings) if settings.task or settings.inputs or settings.criteria else None


def rated_task(task: Task, settings: Settings) -> Task:
    """A judge's own task, with the single ratings that the flags name."""
    return rated_singly(task, settings.ratings, settings.rater, settings.row)


def refuse_impossible(settings: Settings) -> None:
    """Raises UserError for settings that cannot work on any rows."""
    if settings.half == "confirmation":
        raise UserError("--half confirmation: nothing is optimized on sealed rows; confirm.py opens them, once")
    gate(settings.gate, settings.accept)
    if settings.race == "on":
        require_probable(settings.accept)
    require_gate(settings)
    require_choice(settings)
    require_order(settings)
    require_rows(settings)
    check_method(settings)
    threshold_of(settings)
    check_conflict(settings)
    budget_of(settings)
    if settings.loss == "pairs" and settings.critical and settings.batch_size < 2:
        raise UserError("--loss pairs needs two rows to compare: raise --batch-size, or leave it out")
    if settings.anchors + settings.batch_size > settings.train_size >= settings.batch_size:
        raise UserError(
            f"--anchors {settings.anchors} are taken from the training rows, which leaves fewer than --batch-size "
            f"{settings.batch_size} of {settings.train_size}: lower one of them, or raise --train-size"
        )
    if settings.calibrate != "none" and min(settings.calibrate_rows, settings.train_size) < FEWEST:
        raise UserError(
            f"--calibrate {settings.calibrate} needs {FEWEST} training rows: raise --calibrate-rows or --train-size"
        )
    if settings.batch_size > settings.train_size:
        raise UserError(
            f"--batch-size {settings.batch_size} is more than --train-size {settings.train_size}: lower it, since no "
            "row is drawn twice in a batch"
        )


def sizes(settings: Settings) -> Sizes:
    return Sizes(settings.train_size, settings.val_size, settings.test_size)


def drawn(settings: Settings, task: Task, rows: Sequence[dspy.Example]) -> Splits:
    """What a run works on, of all rows of its table: drawn from the half that it may see."""
    splits = split_rows(half_of(rows, task, settings.half), sizes(settings), settings.split_by, settings.seed)
    return set_apart(splits, task, settings)


def fitted(settings: Settings, given: Mapping[str, Any], rows: Sequence[dspy.Example]) -> Settings:
    """The default sizes, scaled down together where a table has too few rows; given sizes and a preset's own stay."""
    free = [name for name in SIZES if name not in given]
    wanted = sum(getattr(settings, name) for name in free)
    left = len(rows) - sum(getattr(settings, name) for name in SIZES if name in given)
    if any(name in PRESETS[settings.preset] for name in SIZES) or not free or left >= wanted:
        return settings
    for percent in range(100, 40, -5):  # documents stay whole, which costs some rows
        share = max(left, 0) / wanted * percent / 100
        smaller: dict[str, Any] = {name: max(2, int(getattr(settings, name) * share)) for name in free}
        scaled = replace(settings, **smaller)
        try:
            split_rows(rows, sizes(scaled), scaled.split_by, scaled.seed)
        except UserError:
            continue
        return scaled
    return settings
