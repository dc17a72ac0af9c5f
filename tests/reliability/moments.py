"""When a process is killed: by the requests that the server has seen, by the clock, or by its file operations."""

import random
import signal
import time
from dataclasses import dataclass

from tests.reliability.recording_server import RecordingServer
from tests.reliability.sessions import Session

KINDS = ("request", "time", "end", "file")
LATER = 0.05
"""Most seconds between the request that is waited for and the kill."""


@dataclass(frozen=True)
class Course:
    """What an uninterrupted session takes: requests, seconds, seconds after the last request, file operations."""

    requests: int
    seconds: float
    tail: float
    operations: int


@dataclass(frozen=True)
class Moment:
    """`kind` is one of KINDS: after the `at`-th request and `later` seconds; after `at` seconds; `later` seconds after
    the last request; before the `at`-th file operation."""

    kind: str
    at: float
    later: float = 0.0

    @classmethod
    def draw(cls, kind: str, course: Course, answered: int, chance: random.Random) -> "Moment":
        """One of what is left of a session of which so many requests are known already."""
        if kind == "time":
            return cls(kind, chance.uniform(0, course.seconds))
        if kind == "file":
            return cls(kind, chance.randint(1, max(course.operations, 1)))
        if kind == "end":
            return cls(kind, course.requests - answered, chance.uniform(0, 1.2 * course.tail))
        return cls(kind, chance.randint(1, max(course.requests - answered, 1)), chance.uniform(0, LATER))

    @property
    def strike(self) -> int:
        """The number of the file operation, for sessions that kill themselves; 0: they do not."""
        return int(self.at) if self.kind == "file" else 0

    def kill(self, session: Session, server: RecordingServer) -> None:
        """Waits for the moment, and kills what has not ended before it."""
        if self.kind == "time":
            session.wait(lambda: time.monotonic() - session.begun >= self.at)
        elif self.kind in ("request", "end"):
            begun = server.arrived.total()
            session.wait(lambda: server.arrived.total() - begun >= self.at)
            moment = time.monotonic() + self.later
            session.wait(lambda: time.monotonic() >= moment)
        else:
            session.wait()
        session.signal(signal.SIGKILL)
