"""All concurrency goes through here.

`dspy.Parallel` and `dspy.Evaluate` lose token usage, send slow calls twice and turn failures into zeros.
"""

import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from programs.records.calls import PLACE
from programs.records.lines import Place

Item = TypeVar("Item")
Result = TypeVar("Result")


def fan_out(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    threads: int = 8,
    done: Callable[[], None] | None = None,
) -> list[Result]:
    """`[function(item) for item in items]`, at most `threads` at once, each under a copy of the caller's context.

    Items are started in order. The first failure (or Ctrl-C) starts nothing more, waits for what is in flight, so that
    no paid reply is lost, and is raised unchanged. `done` is called once for every finished item.
    """
    stopped = threading.Event()
    in_flight: set[object] = set()

    def work(item: Item) -> Result:
        mark = object()
        in_flight.add(mark)  # before the question, so that who stops us sees every call that goes on
        try:
            if stopped.is_set():
                raise CancelledError
            result = function(item)
        except BaseException:
            stopped.set()
            raise
        finally:
            in_flight.discard(mark)
        if done is not None:
            done()
        return result

    pool = ThreadPoolExecutor(max_workers=max(1, min(threads, len(items))))
    try:
        futures = [pool.submit(copy_context().run, work, item) for item in items]
        _join(futures)
    except KeyboardInterrupt:
        stopped.set()
        _finish(in_flight)
        raise
    finally:
        pool.shutdown(wait=False)
    failures = [failure for future in futures if (failure := future.exception()) is not None]
    for failure in sorted(failures, key=lambda each: isinstance(each, CancelledError)):
        raise failure
    return [future.result() for future in futures]


def _finish(in_flight: Collection[object]) -> None:
    """Waits for the calls in flight after Ctrl-C, and says so: a server that hangs must not look like a program that
    ignores Ctrl-C. A second Ctrl-C waits no more. (Not by the futures: Ctrl-C may strike before one is returned.)"""
    if running := len(in_flight):
        print(f"waiting for {running} calls in flight; Ctrl-C again leaves them", file=sys.stderr, flush=True)
    while in_flight:
        time.sleep(0.02)


def _join(futures: Sequence[Future[Any]]) -> None:
    """Waits for all, in bouts: a Ctrl-C that comes just before an endless wait would not end it."""
    while wait(futures, timeout=1).not_done:
        pass


@dataclass(frozen=True)
class Pool:
    """How many calls may be in flight, and who is told of their progress.

    `started(phase, total)` is called when a phase begins and returns what to call for every finished item;
    `skipped(phase, count)` when a phase has fewer items than were planned. Phases are numbered, so that each call has
    a place in the run which is the same in every session, whatever the threads do.
    """

    threads: int = 8
    started: Callable[[str, int], Callable[[], None]] | None = None
    skipped: Callable[[str, int], None] | None = None
    _phases: Iterator[int] = field(default_factory=count, repr=False)

    def map(
        self, phase: str, function: Callable[[Item], Result], items: Sequence[Item], planned: int | None = None
    ) -> list[Result]:
        """`fan_out` under the name of a phase, which is the role that plays it; `planned` calls were estimated."""
        done = self.started(phase, len(items)) if self.started else None
        if self.skipped and planned is not None:
            self.skipped(phase, planned - len(items))
        number = next(self._phases)
        placed = [((number, position), item) for position, item in enumerate(items)]
        return fan_out(lambda each: _at(*each, function), placed, self.threads, done)


def _at(place: Place, item: Item, function: Callable[[Item], Result]) -> Result:
    """`function(item)` at its place in the run. Called in a context of its own, so nothing is set back."""
    PLACE.set(place)
    return function(item)
