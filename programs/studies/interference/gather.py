"""From a study's finished one-criterion cells to the experiments that they allow: one a task and gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy

from programs.errors import UserError
from programs.optimizer.methods import teleprompter
from programs.optimizer.modes import parse_mode
from programs.records.lengths import read_rubrics
from programs.settings import Settings
from programs.studies.cells import begun_configs, cell_folder
from programs.studies.interference.checkpoints import Checkpoint, checkpoints
from programs.studies.interference.experiment import Experiment, gated_rows
from programs.studies.interference.rows import first_rows, untouched_rows
from programs.studies.plan import Cell, Study
from programs.studies.prepare import Preparation, Ready, require_unchanged
from programs.tasks.task import Task


@dataclass(frozen=True)
class Gathered:
    """An experiment with its task and the settings of each seed, under which its judges are asked."""

    experiment: Experiment
    task: Task
    settings: Mapping[int, Settings]


def gather(path: Path, study: Study, rows: int | None) -> list[Gathered]:
    """Raises UserError where no cell of one-criterion judges is finished, or the data have changed."""
    preparation = Preparation(study.settings)
    begun = begun_configs(path, study.cells())
    found = [_gathered(path, name, cells, preparation, begun, rows) for name, cells in _separate(path, study).items()]
    if not found:
        modes = ", ".join(mode for mode in study.modes if parse_mode(mode).judge == "S") or "Single"
        raise UserError(f"{path} has no finished cell of mode {modes}: run them first with study.py")
    return found


def _separate(path: Path, study: Study) -> dict[tuple[str, str, str], list[Cell]]:
    """The finished cells whose judge handles the criteria separately, by task, mode and gate."""
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in study.cells():
        if cell.plain and parse_mode(cell.mode).judge == "S" and cell_folder(path, cell).finished:
            found.setdefault((cell.task_name, cell.mode, cell.gate), []).append(cell)
    return found


def _gathered(
    path: Path,
    name: tuple[str, str, str],
    cells: Sequence[Cell],
    preparation: Preparation,
    begun: Mapping[str, Any],
    rows: int | None,
) -> Gathered:
    ready = {cell.seed: preparation.ready(cell) for cell in cells}
    require_unchanged(list(ready.values()), begun)
    first = next(iter(ready.values()))
    task, own = first.material.task, first.settings
    untouched = untouched_rows(first.rows, [each.material.splits for each in ready.values()], own.split_by, own.seed)
    experiment = Experiment(
        *name,
        offered=_offered(path, cells, task),
        initial={criterion.name: criterion.initial_rubric for criterion in task.criteria},
        validation={seed: _validation(each) for seed, each in ready.items()},
        rows=first_rows(untouched, rows or own.test_size),
        untouched=len(untouched),
        seed=own.seed,
    )
    return Gathered(experiment, task, {seed: each.settings for seed, each in ready.items()})


def _offered(path: Path, cells: Sequence[Cell], task: Task) -> dict[str, list[Checkpoint]]:
    runs = {cell.seed: read_rubrics(cell_folder(path, cell).steps) for cell in cells}
    return {
        name: checkpoints(
            name, {seed: {step: rubric[name] for step, rubric in by_step.items()} for seed, by_step in runs.items()}
        )
        for name in task.criterion_names
    }


def _validation(ready: Ready) -> tuple[Sequence[dspy.Example], Sequence[dspy.Example]]:
    rows = ready.material.splits.validation
    return gated_rows(teleprompter(ready.settings), rows), rows
