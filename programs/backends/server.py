"""What a run knows of one server that it asks: how many requests it bears, and whether it is there at all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dspy
from dspy.utils.exceptions import LMError, LMRateLimitError

from programs.backends.clock import Clock
from programs.backends.in_flight import InFlight
from programs.backends.watch import Watch, hang_up, say

LONG_WAIT = 10.0
"""Seconds that a server asks to be left alone for, from which on it is said."""


class Server:
    """One address, shared by all roles that ask it. `gone` is True once it keeps requests and answers nothing; with a
    time-out that the user gave, that is waited for instead."""

    def __init__(self, lm: dspy.LM, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.in_flight = InFlight(self.clock)
        self.gone = False
        self._lm = lm
        self._heard_at = self.clock.now()
        self._silent = 0
        self._lock = threading.Lock()
        address, patient = lm.kwargs.get("api_base"), "timeout" in lm.kwargs
        self._watch = Watch(str(address), self._silence, self._leave) if address and not patient else None

    @property
    def name(self) -> str:
        """What a person knows it by."""
        return str(self._lm.kwargs.get("api_base") or f"the server of {self._lm.model}")

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around one request: waits until the server can take it, and learns from what becomes of it."""
        with self.in_flight.place() as number:
            if self.in_flight.count == 1:
                self._heard_at = self.clock.now()
            if self._watch is not None:
                self._watch.begin()
            try:
                yield
            except LMError as error:
                self._refused(number, error)
                raise
            self._heard()
            self.in_flight.answered()

    def unheard(self) -> int:
        """A call was given up without a word from it. Returns how many in a row that makes."""
        with self._lock:
            self._silent += 1
            return self._silent

    def _heard(self) -> None:
        self._silent, self._heard_at = 0, self.clock.now()

    def _refused(self, number: int, error: LMError) -> None:
        if speaks(error):
            self._heard()
        if overloaded(error):
            self.in_flight.too_many(number, error.retry_after)
            if (error.retry_after or 0.0) >= LONG_WAIT:
                say(f"{self.name} wants no request for {error.retry_after:.0f} s: waiting")

    def _silence(self) -> float | None:
        return self.clock.now() - self._heard_at if self.in_flight.count else None

    def _leave(self) -> None:
        self.gone = True
        hang_up(self._lm)


class Servers:
    """The servers of a run, one an address, whatever the roles and models."""

    def __init__(self) -> None:
        self._known: dict[object, Server] = {}

    def of(self, lm: dspy.LM) -> Server:
        """The server behind an LM. Where DSPy is given an engine of our own, the engine is the server."""
        address = lm.kwargs.get("api_base") or lm.model.partition("/")[0]
        key = address if isinstance(lm.engine, str) else id(lm.engine)
        return self._known.setdefault(key, Server(lm))


def overloaded(error: LMError) -> bool:
    """Whether a server refused for the number of requests, or named a time to come back."""
    return isinstance(error, LMRateLimitError) or (speaks(error) and error.retry_after is not None)


def speaks(error: LMError) -> bool:
    """Whether a failure is a server's own word, not the want of any."""
    return error.status is not None or isinstance(error, LMRateLimitError)
