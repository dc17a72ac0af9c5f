"""All concurrency goes through here.

`dspy.Parallel` and `dspy.Evaluate` lose token usage, send slow calls twice and turn failures into zeros.
"""

import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

from programs.backends.clock import STOPPING
from programs.records.calls import PLACE
from programs.records.lines import Place
from programs.records.unanswered import Stopped

Item = TypeVar("Item")
Result = TypeVar("Result")
Phase = tuple[Callable[[Any], Result], Sequence[Any], int, Callable[[], None] | None]
"""Function, items, threads and what is called for every finished item."""


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
    return list(in_order(function, items, threads, done))


def in_order(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    threads: int = 8,
    done: Callable[[], None] | None = None,
) -> Generator[Result]:
    """The same one by one, each result as soon as it and all before it are known.

    To be closed where it is not read to its end: that, too, waits for what is in flight.
    """
    flight: _Flight[Item, Result] = _Flight(function, done)
    pool = ThreadPoolExecutor(max_workers=max(1, min(threads, len(items))))
    try:
        futures = [pool.submit(copy_context().run, flight.work, item) for item in items]
        for future in futures:
            _join([future])
            if future.exception() is not None:
                break
            yield future.result()
        _join(futures)
    except (KeyboardInterrupt, GeneratorExit):
        flight.land()
        raise
    finally:
        pool.shutdown(wait=False)
    failures = [failure for future in futures if (failure := future.exception()) is not None]
    for failure in sorted(failures, key=lambda each: isinstance(each, CancelledError | Stopped)):
        raise failure


class _Flight(Generic[Item, Result]):
    """The items of one fan-out that are under way, and whether new ones may begin."""

    def __init__(self, function: Callable[[Item], Result], done: Callable[[], None] | None) -> None:
        self.function = function
        self.done = done
        self.stopped = threading.Event()
        self.under_way: set[object] = set()

    def work(self, item: Item) -> Result:
        mark = object()
        self.under_way.add(mark)  # before the question, so that who stops us sees every call that goes on
        STOPPING.set(self.stopped)  # in a context of its own
        try:
            if self.stopped.is_set():
                raise CancelledError
            result = self.function(item)
        except BaseException:
            self.stopped.set()
            raise
        finally:
            self.under_way.discard(mark)
        if self.done is not None:
            self.done()
        return result

    def land(self) -> None:
        """Begins nothing more and waits for the calls in flight, and says so: a server that hangs must not look like a
        program that ignores Ctrl-C. (Not by the futures: Ctrl-C may strike before one is returned.)"""
        self.stopped.set()
        if running := len(self.under_way):
            print(f"waiting for {running} calls in flight; Ctrl-C again leaves them", file=sys.stderr, flush=True)
        while self.under_way:
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
        if self.skipped and planned is not None:
            self.skipped(phase, planned - len(items))
        return fan_out(*self._phase(phase, function, items))

    def in_order(self, phase: str, function: Callable[[Item], Result], items: Sequence[Item]) -> Generator[Result]:
        """The results of a phase one by one (see `in_order`)."""
        return in_order(*self._phase(phase, function, items))

    def _phase(self, phase: str, function: Callable[[Item], Result], items: Sequence[Item]) -> Phase[Result]:
        """What a fan-out of the items takes, each at its place in the run."""
        done = self.started(phase, len(items)) if self.started else None
        number = next(self._phases)
        placed = [((number, position), item) for position, item in enumerate(items)]
        return (lambda each: _at(each[0], each[1], function)), placed, self.threads, done


def _at(place: Place, item: Item, function: Callable[[Item], Result]) -> Result:
    """`function(item)` at its place in the run. Called in a context of its own, so nothing is set back."""
    PLACE.set(place)
    return function(item)
