"""The finished cells of a study as its tables want them: read from their JSON files only, gathered by configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from metrics.estimates import merge_clusters
from metrics.scores import Codes, Scores
from programs.diagnostics.diagnosis import Diagnosis, read_diagnosis
from programs.errors import UserError
from programs.optimizer.settling import normal
from programs.optimizer.tested import Tested, read_tested
from programs.records.folder import RunFolder, read_json, read_lines
from programs.records.lengths import LengthsByStep, lengths_of, read_rubrics
from programs.settings import Settings, resolve
from programs.studies.cells import cell_folder
from programs.studies.cost import Costs, costs_of
from programs.studies.initial import PLAIN, Standard, initial_judges, one_prompt, own_initial, place_of, standard_of
from programs.studies.plan import Cell, Study
from signatures.records import Rubric

KEPT = "kept"


@dataclass(frozen=True, eq=False)
class Result:
    """One finished cell. `documents` are codes that all cells of the task share.

    `rubrics`, `gates` (the gate's verdicts as steps.jsonl has them) and `lengths` are by step. Rubrics and gates are
    empty where only the cell's small JSON files are there; so are `costs` without a cost.json and `timing` without
    a timing.json. `diagnosis` is there where the feedback has been rated.
    """

    cell: Cell
    summary: Mapping[str, Any]
    tested: Tested
    documents: Codes
    rubrics: Mapping[int, Rubric]
    gates: Mapping[int, Sequence[Mapping[str, Any]]]
    lengths: LengthsByStep
    costs: Costs
    settings: Settings
    diagnosis: Diagnosis | None = None
    timing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def joint(self) -> bool:
        """Whether its judge is one prompt for all criteria."""
        return one_prompt(self.settings)

    @property
    def kept(self) -> dict[str, int]:
        """Criterion -> the step whose rubric was kept (0: the initial one)."""
        return {name: int(head["step"]) for head in self.summary["kept"] for name in head["group"]}

    def scores(self, judge: str | int) -> Scores:
        """The test scores of a step's judge, or of the kept one."""
        return self.tested.scores(str(judge), self.documents)


@dataclass(frozen=True, eq=False)
class Configuration:
    """The finished runs of one task, mode and gate, by seed; `initial` holds the joint initial judge of each seed.

    A peer, a control or an arm stands in place of a mode. All are compared with that judge, read in the same way (see
    `initial.py`), since it is what a user has before any optimization: each run with its own replies of it where it has
    them. `plain_initial` is the same read as digits and not calibrated. None where no run of a seed has it.
    """

    task: str
    mode: str
    gate: str
    results: Sequence[Result]
    initial: Sequence[Scores] | None
    plain_initial: Sequence[Scores] | None = None

    @property
    def standard(self) -> Standard:
        """How its scores are read: what its baseline has in common with it."""
        return standard_of(self.results[0].settings)

    @property
    def name(self) -> tuple[str, str, str]:
        return self.task, self.mode, self.gate

    @property
    def joint(self) -> bool:
        return self.results[0].joint

    @property
    def stepwise(self) -> bool:
        """Whether its runs have the steps of a mode."""
        return self.results[0].cell.stepwise

    @property
    def plain(self) -> bool:
        """Whether it is a mode of the paper, and no peer or control."""
        return self.results[0].cell.plain

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
    return [_result(path, study, cell, tested[cell], codes[cell.task]) for cell in finished]


def configurations(results: Sequence[Result]) -> list[Configuration]:
    """The results by task, mode and gate."""
    gathered: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        cell = result.cell
        gathered.setdefault((cell.task_name, cell.label, cell.gate_label), []).append(result)
    known = initial_judges(results)
    return [
        Configuration(
            *name,
            runs,
            _initial([_judge(run, standard_of(run.settings), known) for run in runs]),
            _initial([_judge(run, PLAIN, known) for run in runs]),
        )
        for name, runs in gathered.items()
    ]


def _judge(run: Result, standard: Standard, known: Mapping[tuple[str, int, Standard], Scores]) -> Scores | None:
    """The run's own replies where it has them: asked again, or on another machine, a model may answer otherwise."""
    return own_initial(run).get(standard, known.get((*place_of(run), standard)))


def _initial(found: Sequence[Scores | None]) -> list[Scores] | None:
    known = [scores for scores in found if scores is not None]
    return known if len(known) == len(found) else None


def _codes(tested: Sequence[Tested]) -> dict[str, int]:
    """Document -> the code that all cells of a task share; beyond some thousands they are merged, as intervals do."""
    names = sorted({name for each in tested for name in each.clusters})
    merged, _ = merge_clusters(len(names), 0)
    return dict(zip(names, merged.tolist(), strict=True))


def _result(path: Path, study: Study, cell: Cell, tested: Tested, codes: Mapping[str, int]) -> Result:
    folder = cell_folder(path, cell)
    documents = np.array([codes[name] for name in tested.clusters], dtype=np.intp)
    diagnosis = read_diagnosis(folder.diagnostics) if folder.diagnostics.exists() else None
    timing = read_json(folder.timing) if folder.timing.exists() else {}
    own = (*_steps(folder.steps), _lengths(folder), _costs(folder), resolve(normal(cell.flags(study.settings))))
    return Result(cell, read_json(folder.summary), tested, documents, *own, diagnosis, timing)


def _lengths(folder: RunFolder) -> LengthsByStep:
    return lengths_of(folder) if folder.lengths.exists() or folder.steps.exists() else {}


def _costs(folder: RunFolder) -> Costs:
    file = folder.path / "cost.json"
    if file.exists():
        costs: Costs = read_json(file)
        return costs
    return costs_of(folder.calls) if folder.calls.exists() else {}  # killed after its summary was written, or not there


def _steps(path: Path) -> tuple[dict[int, Rubric], dict[int, Sequence[Mapping[str, Any]]]]:
    """Rubrics and gates by step; the lines of kept results have no rubrics."""
    if not path.exists():
        return {}, {}
    records = read_lines(path)
    try:
        gates = {int(record["step"]): record["gate"] for record in records}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is damaged ({error}): remove the cell's summary.json and run the study again"
        ) from None
    return read_rubrics(path) if any("rubric" in record for record in records) else {}, gates
