"""All concurrency goes through here.

`dspy.Parallel` and `dspy.Evaluate` lose token usage, send slow calls twice and turn failures into zeros.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

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
    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(items)))) as pool:
        futures = [pool.submit(copy_context().run, function, item) for item in items]
        if done is not None:
            for future in futures:
                future.add_done_callback(lambda finished: None if finished.cancelled() else done())
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        if any(future.done() and future.exception() for future in futures):
            pool.shutdown(wait=True, cancel_futures=True)
    for future in futures:
        if not future.cancelled() and (failure := future.exception()) is not None:
            raise failure
    return [future.result() for future in futures]


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
