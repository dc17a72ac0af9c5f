"""Cells in this process: one after the other, or several at once in threads."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path

from programs.errors import CannotWrite
from programs.records.calls import Links
from programs.screen import Screen
from programs.studies.cells import FAILURES, ending, failure_of, lanes_of, run_cell
from programs.studies.plan import Cell
from programs.studies.prepare import Ready
from programs.studies.progress import CellScreen


def run_locally(
    study: Path, every: Sequence[Cell], waiting: Sequence[Ready], screen: Screen, together: int = 1
) -> dict[str, str]:
    """Runs what is not finished. A cell that fails is reported and the others go on. Returns cell id -> what failed.

    At most `together` cells at once; those that share answers follow each other in any case.
    """
    cells = LocalCells(study, every, screen, {ready.cell: place for place, ready in enumerate(waiting, start=1)})
    if together == 1:
        cells.run(waiting)  # in the main thread, which hears Ctrl-C by itself
    else:
        _side_by_side(cells, lanes_of(waiting), together)
    return cells.failed


@dataclass
class LocalCells:
    """The cells of one session, and what became of them."""

    study: Path
    every: Sequence[Cell]
    screen: Screen
    places: dict[Cell, int]
    failed: dict[str, str] = field(default_factory=dict)
    halted: threading.Event = field(default_factory=threading.Event)

    def run(self, lane: Sequence[Ready]) -> None:
        """One cell after the other."""
        for ready in lane:
            if self.halted.is_set():
                return
            self._run(ready)

    def _run(self, ready: Ready) -> None:
        name = f"{ready.cell.id} ({self.places[ready.cell]}/{len(self.places)})"
        self.screen.say(f"{name}: begins, at most {sum(ready.estimate.values()):,} LM calls")
        try:
            with CellScreen(self.screen, ready.cell.id) as view:
                summary = run_cell(self.study, self.every, ready, view, Links(halted=self.halted.is_set))
        except CannotWrite:
            raise  # no other cell could be written either
        except FAILURES as error:
            self.failed[ready.cell.id] = failure_of(error)
            self.screen.say(f"{name}: failed: {self.failed[ready.cell.id]}")
        else:
            self.screen.say(f"{name}: {ending(summary)}")


def _side_by_side(cells: LocalCells, lanes: Sequence[Sequence[Ready]], together: int) -> None:
    """Lanes in threads. Ctrl-C, or what no cell may raise, lets each end its calls in flight and start no more."""

    def run(lane: Sequence[Ready]) -> None:
        try:
            cells.run(lane)
        except BaseException:
            cells.halted.set()
            raise

    with ThreadPoolExecutor(together) as pool:
        futures = [pool.submit(copy_context().run, run, lane) for lane in lanes]
        try:
            while wait(futures, timeout=1).not_done:  # in bouts, so that no Ctrl-C is missed
                pass
        except KeyboardInterrupt:
            cells.halted.set()
            raise
    failures = [failure for future in futures if (failure := future.exception()) is not None]
    for failure in sorted(failures, key=lambda each: isinstance(each, KeyboardInterrupt)):
        raise failure
