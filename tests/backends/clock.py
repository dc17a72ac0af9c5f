"""A clock for tests: waiting takes no time, and is written down."""

from programs.backends.clock import Clock


class FakeClock(Clock):
    """`rests` are the waits that were asked for, in seconds."""

    def __init__(self) -> None:
        self.time = 0.0
        self.rests: list[float] = []

    def now(self) -> float:
        return self.time

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.time += seconds
