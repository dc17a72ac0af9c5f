"""How many requests are with one server at once: fewer when it says that these are too many, more again as it answers.

Half as many after a refusal for overload, and one more for every round that is answered: additive increase and
multiplicative decrease, under which several clients of one server come to equal shares (Chiu and Jain 1989). There is
no upper bound here: the pool that makes the calls has its threads.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from programs.backends.clock import Clock, stopping
from programs.records.unanswered import Stopped

DECREASE = 0.5


class InFlight:
    """The requests that are with one server. Thread-safe; shared by all roles that talk to it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.limit = math.inf
        self.count = 0
        self._clock = clock or Clock()
        self._changed = threading.Condition()
        self._sent = 0
        self._last_cut = 0
        self._resume_at = -math.inf

    @contextmanager
    def place(self) -> Iterator[int]:
        """A place among them, waited for; gives the request's number. Raises Stopped where the run ends before."""
        number = self._enter()
        try:
            yield number
        finally:
            with self._changed:
                self.count -= 1
                self._changed.notify_all()

    def answered(self) -> None:
        """The server has answered one of them."""
        with self._changed:
            self.limit += 1 / self.limit
            self._changed.notify_all()

    def too_many(self, number: int, seconds: float | None = None) -> None:
        """The server has refused the request of that number for overload, and asks to be left alone for some seconds.

        Requests sent before the last cut say nothing new, so a burst of refusals cuts once.
        """
        with self._changed:
            if number > self._last_cut:
                self.limit = max(1.0, min(self.limit, self.count) * DECREASE)
                self._last_cut = self._sent
            self._resume_at = max(self._resume_at, self._clock.now() + (seconds or 0.0))

    def _enter(self) -> int:
        while True:
            with self._changed:
                if stopping():
                    raise Stopped("the run was stopped before this was asked")
                pause = self._resume_at - self._clock.now()
                if pause <= 0:
                    if self.count + 1 <= self.limit:
                        self.count += 1
                        self._sent += 1
                        return self._sent
                    self._changed.wait()  # whoever is with the server wakes us, whatever becomes of its request
                    continue
            self._clock.rest(pause)
