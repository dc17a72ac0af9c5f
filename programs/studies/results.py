"""The finished cells of a study as its tables want them: read from their JSON files only, gathered by configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metrics.estimates import merge_clusters
from metrics.scores import Codes, Scores
from programs.optimizer.modes import parse_mode
from programs.optimizer.tested import Tested, read_tested
from programs.records.folder import read_json
from programs.records.lengths import LengthsByStep, lengths_of
from programs.studies.cells import cell_folder
from programs.studies.cost import Costs, costs_of
from programs.studies.plan import Cell, Study

KEPT = "kept"


@dataclass(frozen=True, eq=False)
class Result:
    """One finished cell. `documents` are codes that all cells of the task share; `lengths` go with the steps."""

    cell: Cell
    summary: Mapping[str, Any]
    tested: Tested
    documents: Codes
    lengths: LengthsByStep
    costs: Costs

    @property
    def joint(self) -> bool:
        """Whether its judge is one prompt for all criteria."""
        return parse_mode(self.cell.mode).judge == "C"

    def scores(self, judge: str | int) -> Scores:
        """The test scores of a step's judge, or of the kept one."""
        return self.tested.scores(str(judge), self.documents)


@dataclass(frozen=True, eq=False)
class Configuration:
    """The finished runs of one task, mode and gate, by seed; `initial` holds the joint initial judge of each seed.

    Every mode is compared with that judge, since it is what a user has before any optimization. None where no joint
    mode of a seed is finished.
    """

    task: str
    mode: str
    gate: str
    results: Sequence[Result]
    initial: Sequence[Scores] | None

    @property
    def name(self) -> tuple[str, str, str]:
        return self.task, self.mode, self.gate

    @property
    def joint(self) -> bool:
        return self.results[0].joint

    @property
    def steps(self) -> list[int]:
        """The steps that every run tested."""
        return sorted(set.intersection(*(set(result.tested.steps) for result in self.results)))

    def scores(self, judge: str | int) -> list[Scores]:
        """One judge's test scores in every run."""
        return [result.scores(judge) for result in self.results]


def results_of(path: Path, study: Study) -> list[Result]:
    """Every finished cell, in the study's order."""
    finished = [cell for cell in study.cells() if cell_folder(path, cell).finished]
    tested = {cell: read_tested(cell_folder(path, cell).scores) for cell in finished}
    codes = {task: _codes([tested[cell] for cell in finished if cell.task == task]) for task in study.tasks}
    return [_result(path, cell, tested[cell], codes[cell.task]) for cell in finished]


def configurations(results: Sequence[Result]) -> list[Configuration]:
    """The results by task, mode and gate."""
    gathered: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        cell = result.cell
        gathered.setdefault((cell.task_name, cell.mode, cell.gate), []).append(result)
    initial = {(one.cell.task, one.cell.seed): one.scores(0) for one in reversed(results) if one.joint}
    return [
        Configuration(*name, runs, _initial([initial.get((run.cell.task, run.cell.seed)) for run in runs]))
        for name, runs in gathered.items()
    ]


def _initial(found: Sequence[Scores | None]) -> list[Scores] | None:
    known = [scores for scores in found if scores is not None]
    return known if len(known) == len(found) else None


def _codes(tested: Sequence[Tested]) -> dict[str, int]:
    """Document -> the code that all cells of a task share; beyond some thousands they are merged, as intervals do."""
    names = sorted({name for each in tested for name in each.clusters})
    merged, _ = merge_clusters(len(names), 0)
    return dict(zip(names, merged.tolist(), strict=True))


def _result(path: Path, cell: Cell, tested: Tested, codes: Mapping[str, int]) -> Result:
    folder = cell_folder(path, cell)
    documents = np.array([codes[name] for name in tested.clusters], dtype=np.intp)
    file = folder.path / "cost.json"
    costs = read_json(file) if file.exists() else costs_of(folder.calls)  # killed after its summary was written
    return Result(cell, read_json(folder.summary), tested, documents, lengths_of(folder), costs)
