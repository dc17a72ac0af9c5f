"""Cells as tasks on an existing Ray cluster, gathered in the study's one folder on the driver's disk.

Our code goes to the workers with the task (`py_modules`); what pyproject.toml lists, and the LMs' keys, must be there.
Covered: each line of a cell's log reaches an actor on the driver's node before its reply is used, so that a cell whose
worker is lost goes on elsewhere from the last finished call; a cell that fails brings its files back too. Not covered:
a driver that is killed loses the lines of its last moment (at most `BOUT` seconds), and they are asked again.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from programs.failures import failure_line
from programs.records.appended import Appended
from programs.records.folder import RunFolder, read_json
from programs.screen import Screen
from programs.studies.cells import begun, ending, lanes_of, logs_of, write_costs
from programs.studies.engines.parcel import Order, Parcel, fulfil, unpack
from programs.studies.plan import Cell
from programs.studies.prepare import Ready
from programs.studies.progress import CellScreen

ATTEMPTS = 3
"""How often a cell is handed out before a lost worker counts as its failure: its own memory may be what kills it."""

BOUT = 0.2
"""Seconds between two looks at what has arrived."""

PATIENCE = 15.0
"""Seconds after Ctrl-C in which calls in flight may end."""


def run_on_ray(study: Path, every: Sequence[Cell], waiting: Sequence[Ready], screen: Screen) -> dict[str, str]:
    """Runs what is not finished on the connected cluster. Returns cell id -> what failed."""
    try:
        return RayCells(study, every, screen).run(lanes_of(waiting))
    finally:
        ray.shutdown()


class Post:
    """The actor through which the cells' log lines come back, on the driver's node: a lost worker cannot take them."""

    def __init__(self) -> None:
        self._letters: list[tuple[str, bytes]] = []

    def send(self, cell: str, line: bytes) -> None:
        self._letters.append((cell, line))

    def collect(self) -> list[tuple[str, bytes]]:
        letters, self._letters = self._letters, []
        return letters


def run_order(order: Order, post: Any) -> Parcel:
    """The task: one cell, on a worker."""
    cell = order.ready.cell.id
    return fulfil(order, lambda line: ray.get(post.send.remote(cell, line)))


@dataclass(frozen=True)
class Attempt:
    """A cell on the cluster, the cells that wait for it, and how often it was handed out."""

    lane: Sequence[Ready]
    number: int
    folder: RunFolder
    view: CellScreen

    @property
    def ready(self) -> Ready:
        return self.lane[0]


class RayCells:
    """The driver's side of one session."""

    def __init__(self, study: Path, every: Sequence[Cell], screen: Screen) -> None:
        self.study = study
        self.every = every
        self.screen = screen
        self.failed: dict[str, str] = {}
        self._running: dict[Any, Attempt] = {}
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        actor: Any = ray.remote(Post)
        self._post = actor.options(num_cpus=0, scheduling_strategy=here).remote()

    def run(self, lanes: Sequence[Sequence[Ready]]) -> dict[str, str]:
        """All lanes at once, as far as they fit on the cluster; what does not waits there."""
        try:
            for lane in lanes:
                self._begin(lane)
            while self._running:
                done, _ = ray.wait(list(self._running), timeout=BOUT)
                self._collect()
                for task in done:
                    self._settle(task, self._running.pop(task))
        except BaseException:
            self._cancel()
            raise
        return self.failed

    def _begin(self, lane: Sequence[Ready]) -> None:
        if not lane:
            return
        ready = lane[0]
        view = CellScreen(self.screen, ready.cell.id)
        view.expect(sum(ready.estimate.values()))
        self.screen.say(f"{ready.cell.id}: handed to the cluster, at most {sum(ready.estimate.values()):,} LM calls")
        self._hand_out(Attempt(lane, 1, begun(self.study, ready).__enter__(), view))

    def _hand_out(self, attempt: Attempt) -> None:
        ready, log = attempt.ready, attempt.folder.calls
        kin = logs_of(self.study, self.every, ready.cell) if ready.settings.reuse == "on" else []
        order = Order(ready, _content(log), [_content(each) for each in kin if each.is_file()])
        task: Any = ray.remote(run_order)
        task = task.options(num_cpus=ready.settings.threads, name=ready.cell.id, max_retries=0)
        self._running[task.remote(order, self._post)] = attempt

    def _collect(self) -> None:
        """Appends what has arrived to the logs. Of a cell that is at its end nothing more is wanted."""
        views = {attempt.ready.cell.id: attempt for attempt in self._running.values()}
        for cell, line in ray.get(self._post.collect.remote()):
            if (attempt := views.get(cell)) is not None:
                with closing(Appended(attempt.folder.calls)) as log:
                    log.append(line)
                attempt.view.started("", 0)()

    def _settle(self, task: Any, attempt: Attempt) -> None:
        try:
            parcel = ray.get(task)
        except RayTaskError as error:
            if not isinstance(error.cause, ImportError):
                raise  # no failure that a cell may have
            self._end(attempt, f"its worker lacks a package of ours ({error.cause}): install them on every node")
        except RayError as error:
            self._lost(attempt, failure_line(error))
        else:
            unpack(parcel, attempt.folder)
            self._end(attempt, parcel.failed)

    def _lost(self, attempt: Attempt, reason: str) -> None:
        """Its worker or node is gone: the cell goes on elsewhere, from the calls that have arrived."""
        if attempt.number < ATTEMPTS:
            self.screen.say(f"{attempt.ready.cell.id}: its worker was lost, handed out again")
            self._hand_out(Attempt(attempt.lane, attempt.number + 1, attempt.folder, attempt.view))
        else:
            self._end(attempt, f"its worker was lost {ATTEMPTS} times: {reason}")

    def _end(self, attempt: Attempt, failed: str | None) -> None:
        folder, name = attempt.folder, attempt.ready.cell.id
        write_costs(folder)
        attempt.view.__exit__()
        folder.__exit__()
        if failed is not None:
            self.failed[name] = failed
        self.screen.say(f"{name}: {f'failed: {failed}' if failed is not None else ending(read_json(folder.summary))}")
        self._begin(attempt.lane[1:])

    def _cancel(self) -> None:
        """Ends the tasks as Ctrl-C would, and takes in what they still had in flight."""
        for task in self._running:
            ray.cancel(task)
        if self._running:
            ray.wait(list(self._running), num_returns=len(self._running), timeout=PATIENCE)
            self._collect()
        for attempt in self._running.values():
            attempt.folder.__exit__()


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
