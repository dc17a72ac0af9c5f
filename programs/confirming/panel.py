"""The judges that a confirmation scores: those kept by all seeds of the named arms, and the initial one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from programs.applying.comparing.past_run import PastRun
from programs.confirming.asks import requests
from programs.confirming.reference import INITIAL, Reference, reference_of, settings_of
from programs.errors import UserError, suggest
from programs.optimizer.judge import Judge
from programs.optimizer.saved import judge_mark
from programs.optimizer.settling import normal
from programs.settings import Settings, resolve
from programs.studies.cells import cell_folder
from programs.studies.plan import Cell, Study


@dataclass(frozen=True, eq=False)
class Side:
    """One arm's judge of one seed, the settings under which it is asked, and a hash of its file.

    All are asked under the study's first seed, so that judges which ask alike are one, whatever is opened with them.
    """

    arm: str
    seed: int
    judge: Judge
    settings: Settings
    digest: str

    @property
    def requests(self) -> frozenset[str]:
        """What it asks about a row."""
        return requests(self.judge, self.settings)

    @property
    def asks(self) -> str:
        """A mark of all of it."""
        return hashlib.sha256("".join(sorted(self.requests)).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Panel:
    """The judges by arm, each in the order of the seeds, the run whose table has the rows, and which arm is the initial
    prompt."""

    sides: Mapping[str, Sequence[Side]]
    run: PastRun
    reference: Reference

    @property
    def every(self) -> list[Side]:
        return [side for sides in self.sides.values() for side in sides]

    @property
    def digests(self) -> dict[str, dict[str, str]]:
        return {arm: {str(side.seed): side.digest for side in sides} for arm, sides in self.sides.items()}

    def most_calls(self, rows: int) -> int:
        """What several judges ask alike is asked once."""
        return rows * len(frozenset[str]().union(*(side.requests for side in self.every)))


def panel_of(path: Path, study: Study, names: Sequence[str], changed: Mapping[str, Any]) -> Panel:
    """The named arms, the primary one first, and the initial prompt; `changed` are flags that change no result.

    Raises UserError for an arm that the study has not, or that is not finished.
    """
    cells = arms_of(path, study)
    changed = {**changed, "seed": study.seeds[0]}
    require_arms(names, cells)
    reference = reference_of(path, study, cells, names[0])
    every = list(dict.fromkeys([*names, reference.arm]))
    run = PastRun.read(cell_folder(path, cells[next(name for name in every if name in cells)][0]))
    sides = {name: [_side(path, cell, changed) for cell in cells[name]] for name in every if name in cells}
    if INITIAL in every and INITIAL not in cells:
        readout = settings_of(study, cells, names[0]).readout
        settings = resolve(normal({**study.settings, **changed, "readout": readout}))
        judge = Judge(run.task, **settings.form)
        sides[INITIAL] = [Side(INITIAL, seed, judge, settings, judge_mark(judge)) for seed in study.seeds]
    return Panel(sides, run, reference)


def arms_of(path: Path, study: Study) -> dict[str, list[Cell]]:
    """Name -> its cells, by seed. Raises UserError for a study of several tasks."""
    if len({cell.task for cell in study.cells()}) > 1:
        raise UserError(f"{path} has several tasks: a confirmation is of one; run a study of it alone")
    found: dict[str, list[Cell]] = {}
    for cell in study.cells():
        found.setdefault(cell.name, []).append(cell)
    return found


def require_arms(names: Sequence[str], cells: Mapping[str, Sequence[Cell]]) -> None:
    """Raises UserError for a name that is neither an arm nor the initial prompt."""
    for name in names:
        if name not in cells and name != INITIAL:
            raise UserError(f"the study has no arm '{name}': use {', '.join(cells)}{suggest(name, list(cells))}")


def _side(path: Path, cell: Cell, changed: Mapping[str, Any]) -> Side:
    run = PastRun.read(cell_folder(path, cell))
    digest = hashlib.sha256(run.folder.judge.read_bytes()).hexdigest()
    return Side(cell.name, cell.seed, run.judge(), replace(run.settings, **changed), digest)
