"""All concurrency goes through here.

`dspy.Parallel` and `dspy.Evaluate` lose token usage, send slow calls twice and turn failures into zeros.
"""

import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

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

    `started(phase, total)` is called when a phase begins and returns what to call for every finished item.
    """

    threads: int = 8
    started: Callable[[str, int], Callable[[], None]] | None = None

    def map(self, phase: str, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """`fan_out` under the name of a phase."""
        done = self.started(phase, len(items)) if self.started else None
        return fan_out(function, items, self.threads, done)
