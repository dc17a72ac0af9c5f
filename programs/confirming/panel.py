"""The judges that a confirmation scores: those kept by all seeds of the named arms, and the initial one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from programs.applying.comparing.past_run import PastRun
from programs.errors import UserError, suggest
from programs.optimizer.judge import Judge
from programs.optimizer.saved import judge_mark
from programs.optimizer.settling import normal
from programs.settings import Settings, resolve
from programs.studies.cells import cell_folder
from programs.studies.plan import Cell, Study

INITIAL = "initial"
"""The joint initial prompt: the study's arm of that name, or else as the study's own flags have it."""


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


@dataclass(frozen=True, eq=False)
class Panel:
    """The judges by arm, each in the order of the seeds, and the run whose table has the rows."""

    sides: Mapping[str, Sequence[Side]]
    run: PastRun

    @property
    def every(self) -> list[Side]:
        return [side for sides in self.sides.values() for side in sides]

    @property
    def digests(self) -> dict[str, dict[str, str]]:
        return {arm: {str(side.seed): side.digest for side in sides} for arm, sides in self.sides.items()}

    def most_calls(self, rows: int) -> int:
        """Judges that ask alike are asked once."""
        return rows * sum({_asks(side): side.judge.calls_per_row for side in self.every}.values())


def panel_of(path: Path, study: Study, names: Sequence[str], changed: Mapping[str, Any]) -> Panel:
    """The named arms and the initial judge; `changed` are flags that change no result.

    Raises UserError for an arm that the study has not, or that is not finished.
    """
    if len({cell.task for cell in study.cells()}) > 1:
        raise UserError(f"{path} has several tasks: a confirmation is of one; run a study of it alone")
    cells = _by_name(study)
    changed = {**changed, "seed": study.seeds[0]}
    wanted = [name for name in _known(names, cells) if name in cells]
    run = PastRun.read(cell_folder(path, cells[wanted[0]][0]))
    sides = {name: [_side(path, cell, changed) for cell in cells[name]] for name in wanted}
    if INITIAL not in sides:
        settings = resolve(normal({**study.settings, **changed}))
        judge = Judge(run.task, **settings.form)
        sides[INITIAL] = [Side(INITIAL, seed, judge, settings, judge_mark(judge)) for seed in study.seeds]
    return Panel(sides, run)


def _known(names: Sequence[str], cells: Mapping[str, Sequence[Cell]]) -> list[str]:
    """The names, the initial judge's too, each once."""
    for name in names:
        if name not in cells and name != INITIAL:
            raise UserError(f"the study has no arm '{name}': use {', '.join(cells)}{suggest(name, list(cells))}")
    return list(dict.fromkeys([*names, INITIAL]))


def _by_name(study: Study) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in study.cells():
        found.setdefault(cell.name, []).append(cell)
    return found


def _side(path: Path, cell: Cell, changed: Mapping[str, Any]) -> Side:
    run = PastRun.read(cell_folder(path, cell))
    digest = hashlib.sha256(run.folder.judge.read_bytes()).hexdigest()
    return Side(cell.name, cell.seed, run.judge(), replace(run.settings, **changed), digest)


def _asks(side: Side) -> tuple[object, ...]:
    lm = (side.settings.lm, side.settings.judge_lm, side.settings.judge_temperature)
    return judge_mark(side.judge), side.judge.calls_per_row, side.judge.reads_tokens, *lm
