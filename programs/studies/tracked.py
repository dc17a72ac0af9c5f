"""A study's folders as they are sent to MLflow: the study first, which is the parent of its cells' runs."""

from pathlib import Path

from programs.studies.cells import cell_folder
from programs.studies.plan import Study
from programs.tracking.run import TrackedRun, TrackedStudy
from programs.tracking.tracked import Tracked


def tracked_folders(path: Path, study: Study) -> list[Tracked]:
    """The study and all its cells, begun or not."""
    cells = [cell_folder(path, cell) for cell in study.cells()]
    return [TrackedStudy(path, cells), *(TrackedRun(cell, path) for cell in cells)]


def default_experiment(path: Path, study: Study) -> str:
    """The task's name, or the study's where there are several: a parent is of the same experiment as its runs."""
    names = {cell.task_name for cell in study.cells()}
    return names.pop() if len(names) == 1 else path.name
