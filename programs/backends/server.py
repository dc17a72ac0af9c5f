"""What a run knows of one server that it asks: how many requests it bears, and whether it is there at all."""

import threading
from dataclasses import dataclass, field

import dspy
from dspy.utils.exceptions import LMError, LMRateLimitError

from programs.backends.clock import Clock
from programs.backends.in_flight import InFlight


@dataclass
class Server:
    """One address, shared by all roles that ask it. `silent` counts the calls in a row that were given up without any
    word from it, not even a refusal."""

    name: str
    clock: Clock = field(default_factory=Clock)
    silent: int = 0
    in_flight: InFlight = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.in_flight = InFlight(self.clock)

    def heard(self) -> None:
        """It has said something, if only that it failed: it is there."""
        self.silent = 0

    def not_heard(self) -> int:
        """A call was given up without a word from it. Returns how many in a row that makes."""
        with self._lock:
            self.silent += 1
            return self.silent

    def refused(self, number: int, error: LMError) -> None:
        """The request of that number has failed; whether that was for overload, it says itself."""
        if speaks(error):
            self.heard()
        if overloaded(error):
            self.in_flight.too_many(number, error.retry_after)


class Servers:
    """The servers of a run, one an address, whatever the roles and models."""

    def __init__(self) -> None:
        self._known: dict[object, Server] = {}

    def of(self, lm: dspy.LM) -> Server:
        """The server behind an LM. Where DSPy is given an engine of our own, the engine is the server."""
        address = lm.kwargs.get("api_base") or lm.model.partition("/")[0]
        key = address if isinstance(lm.engine, str) else id(lm.engine)
        return self._known.setdefault(key, Server(str(address)))


def overloaded(error: LMError) -> bool:
    """Whether a server refused for the number of requests, or named a time to come back."""
    return isinstance(error, LMRateLimitError) or (speaks(error) and error.retry_after is not None)


def speaks(error: LMError) -> bool:
    """Whether a failure is a server's own word, not the want of any."""
    return error.status is not None or isinstance(error, LMRateLimitError)
