"""From a cell to what its run needs: settings, task and rows; tables are read and split once, whatever the cells."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import dspy

from programs.errors import UserError
from programs.optimizer.cast import check_run_lms
from programs.optimizer.methods import most_calls, search_calls
from programs.optimizer.run import Material
from programs.optimizer.settling import drawn, fitted, normal, refuse_impossible, settled_task
from programs.records.provenance import provenance
from programs.settings import SIZES, Settings, resolve
from programs.studies.equal import with_steps
from programs.studies.plan import Cell, Study
from programs.tasks.loading import load_rows
from programs.tasks.markers import count_markers
from programs.tasks.sealed import half_of
from programs.tasks.splits import data_hash
from programs.tasks.task import Task

Table = tuple[Task, list[dspy.Example], str, dict[str, Any] | None]
"""A task, its rows, their hash, and the markers in them."""


@dataclass(frozen=True)
class Ready:
    """A cell that can be run.

    `rows` are those of its task's data that the study may see, `markers` what `count_markers` says of all.
    """

    cell: Cell
    settings: Settings
    material: Material
    rows: Sequence[dspy.Example]
    data: str
    markers: Mapping[str, Any] | None = None

    @property
    def estimate(self) -> dict[str, int]:
        """The most LM calls by role."""
        return most_calls(self.settings, self.material.task, self.material.splits)

    @property
    def config(self) -> dict[str, Any]:
        """What the run's config.json holds."""
        task = self.material.task.to_dict()
        own = {"data": self.data, "markers": self.markers}
        return {"settings": asdict(self.settings), "task": task, **own, **provenance()}


class Preparation:
    """Prepares cells, and remembers the rows of each task and the splits of each seed and number of anchors."""

    def __init__(self, settings: Mapping[str, Any], study: Study | None = None) -> None:
        self._settings = settings
        self._study = study
        self._rows: dict[tuple[str, str], Table] = {}
        self._materials: dict[tuple[object, ...], Material] = {}

    def ready(self, cell: Cell) -> Ready:
        """Raises UserError for settings or data that cannot work."""
        flags = normal(cell.flags(self._settings))
        settings = resolve(flags)
        refuse_impossible(settings)
        task, rows, data, markers = self._table(cell, settings)
        place = (cell.task, cell.data, cell.seed, settings.anchors)
        settings = fitted(settings, flags, rows)
        if place not in self._materials:
            self._materials[place] = Material(task, drawn(settings, task, rows))
        material = self._materials[place]
        settings = self._equal(cell, settings, material)
        ready = Ready(cell, settings, material, rows, data, markers)
        _ = ready.estimate  # refuses what cannot work before a folder is made
        return ready

    def _equal(self, cell: Cell, settings: Settings, material: Material) -> Settings:
        """With the steps that the calls of another arm allow, where the study says so (see `equal.py`)."""
        name = self._study.equal_calls if self._study is not None else ""
        if self._study is None or not name or not cell.arm or cell.arm == name or "steps" in dict(cell.own):
            return settings
        other = self._study.arm(name, (cell.task, cell.data), cell.seed)
        rows = {size: getattr(settings, size) for size in SIZES}
        theirs = replace(resolve(normal(other.flags(self._settings))), **rows)
        return with_steps(settings, search_calls(theirs, material.task, material.splits), material, cell.arm)

    def _table(self, cell: Cell, settings: Settings) -> Table:
        place = (cell.task, cell.data)
        if place not in self._rows:
            task = settled_task(settings)
            rows = load_rows(task, settings.data)
            own = half_of(rows, task, settings.half)
            self._rows[place] = task, own, data_hash(rows), count_markers(task, rows)
        return self._rows[place]


def check_cell_lms(cells: Sequence[Ready]) -> None:
    """Looks for what the LMs need; cells that name the same share them. Raises UserError for what is missing."""
    named = {str((each.settings.lm, each.settings.by_role("lm"))): each.settings for each in cells}
    for settings in named.values():
        check_run_lms(settings)


def require_unchanged(waiting: Sequence[Ready], begun: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises UserError where any cell of a task (`begun`: task -> its config.json) was begun on other data."""
    for ready in waiting:
        config = begun.get(ready.cell.task)
        if config is not None and (config["data"], config["task"]) != (ready.data, ready.material.task.to_dict()):
            raise UserError(
                f"the task or data of {ready.cell.task_name} have changed since the study began: restore them, or "
                "start another study with another --run"
            )
