"""The calls of a pool that are under way: who makes them, who goes first, and how they come to an end."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

from programs.backends.clock import STOPPING
from programs.records.unanswered import Stopped

Item = TypeVar("Item")
Result = TypeVar("Result")


class Crew:
    """Threads that make one call after the other: the urgent ones first, each kind in the order in which it came.

    They last as long as there is a call to make, so that none is mistaken for a call that hangs.
    """

    def __init__(self, threads: int) -> None:
        self._count = max(1, threads)
        self._urgent: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._others: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._left = 0
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], Result], *, urgent: bool = True) -> Future[Result]:
        """The call, under a copy of the caller's context."""
        future: Future[Result] = Future()
        context = copy_context()
        with self._lock:
            (self._urgent if urgent else self._others).append((future, lambda: context.run(call)))
            self._left += 1
            self._threads = threads = self._threads or ThreadPoolExecutor(max_workers=self._count)
        threads.submit(self._next)
        return future

    @contextmanager
    def together(self) -> Iterator[None]:
        """Threads that were begun in the block last to its end, however soon each of its calls is made."""
        with self._lock:
            self._left += 1
        try:
            yield
        finally:
            self._made()

    def leave(self) -> None:
        """Takes nothing more; threads end when nothing waits."""
        with self._lock:
            if self._threads is not None:
                self._threads.shutdown(wait=False)

    def _next(self) -> None:
        """Makes the most urgent call. There is one for each time that this is called."""
        with self._lock:
            future, call = self._urgent.popleft() if self._urgent else self._others.popleft()
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)
        self._made()

    def _made(self) -> None:
        with self._lock:
            self._left -= 1
            if not self._left and self._threads is not None:
                self._threads.shutdown(wait=False)
                self._threads = None


class Flight:
    """The items of one fan-out, or of all in the background, that are under way, and whether new ones may begin.

    `failure` is what the first to fail has raised; nothing begins after it. Nor does anything where one of the flights
    `beside` has failed or was landed.
    """

    def __init__(self, *beside: "Flight") -> None:
        self.beside = beside
        self.stopped = threading.Event()
        self.failure: BaseException | None = None
        self.under_way: set[object] = set()

    def work(self, function: Callable[[Item], Result], item: Item, done: Callable[[], None] | None) -> Result:
        mark = object()
        self.under_way.add(mark)  # before the question, so that who stops us sees every call that goes on
        STOPPING.set(self.stopped)  # in a context of its own
        try:
            if any(flight.stopped.is_set() for flight in (self, *self.beside)):
                raise CancelledError
            result = function(item)
        except BaseException as error:
            if self.failure is None and not isinstance(error, CancelledError | Stopped):
                self.failure = error
            self.stopped.set()
            raise
        finally:
            self.under_way.discard(mark)
        if done is not None:
            done()
        return result

    def land(self, *others: "Flight") -> None:
        """Begins nothing more and waits for the calls in flight, and says so: a server that hangs must not look like a
        program that ignores Ctrl-C. (Not by the futures: Ctrl-C may strike before one is returned.)"""
        flights = (self, *others)
        for flight in flights:
            flight.stopped.set()
        if running := sum(len(flight.under_way) for flight in flights):
            print(f"waiting for {running} calls in flight; Ctrl-C again leaves them", file=sys.stderr, flush=True)
        while any(flight.under_way for flight in flights):
            time.sleep(0.02)
