"""The calls of a pool that are under way: who may begin one, who goes first, and how they come to an end."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Slots:
    """Places for so many calls at once. A place that gets free goes to who is urgent, else to who waits longest."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._urgent: deque[threading.Lock] = deque()
        self._others: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, urgent: bool) -> Iterator[None]:
        """A place, waited for."""
        self._take(urgent)
        try:
            yield
        finally:
            self._give()

    def _take(self, urgent: bool) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            (self._urgent if urgent else self._others).append(turn)
        turn.acquire()

    def _give(self) -> None:
        with self._lock:
            waiting = self._urgent or self._others
            if waiting:
                waiting.popleft().release()
            else:
                self._free += 1


class Flight:
    """The items of one fan-out, or of all in the background, that are under way, and whether new ones may begin.

    `failure` is what the first to fail has raised; nothing begins after it. Nor does anything where one of the flights
    `beside` has failed or was landed.
    """

    def __init__(self, slots: Slots, *beside: "Flight", urgent: bool = True) -> None:
        self.slots = slots
        self.urgent = urgent
        self.beside = beside
        self.stopped = threading.Event()
        self.failure: BaseException | None = None
        self.under_way: set[object] = set()

    def work(self, function: Callable[[Item], Result], item: Item, done: Callable[[], None] | None) -> Result:
        with self.slots.held(self.urgent):
            result = self._worked(function, item)
        if done is not None:
            done()
        return result

    def _worked(self, function: Callable[[Item], Result], item: Item) -> Result:
        mark = object()
        self.under_way.add(mark)  # before the question, so that who stops us sees every call that goes on
        try:
            if self._ended():
                raise CancelledError
            return function(item)
        except BaseException as error:
            if self.failure is None and not isinstance(error, CancelledError):
                self.failure = error
            self.stopped.set()
            raise
        finally:
            self.under_way.discard(mark)

    def _ended(self) -> bool:
        return any(flight.stopped.is_set() for flight in (self, *self.beside))

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
