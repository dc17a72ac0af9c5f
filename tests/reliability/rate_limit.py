"""A server that takes so many requests a second and refuses the rest: what adapting to it saves, and what it costs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import dspy

from programs.backends.in_flight import InFlight
from programs.backends.names import language_model
from programs.backends.roles import Roles
from programs.optimizer.fan_out import fan_out
from programs.records.unanswered import GivenUp
from tests.measured import Figure
from tests.reliability.faulty_server import Weather, faulty_server

CALLS, THREADS, PER_SECOND = 200, 32, 20


@dataclass(frozen=True)
class Passed:
    """How a rate-limited fan-out went: refusals, calls without a reply, and seconds."""

    refused: int
    lost: int
    seconds: float


def passed(calls: int = CALLS, threads: int = THREADS, per_second: int = PER_SECOND) -> Passed:
    """Different requests of one role, as many at once as there are threads."""
    with faulty_server(Weather(share=0.0, per_second=per_second)) as server:
        lm = language_model("stub", api_base=server.url, cache=False)
        roles = Roles.of(dict.fromkeys(("judge", "loss", "gradient", "rewrite", "rater"), lm))

        def ask(number: int) -> bool:
            try:
                return bool(dspy.settings.lm(f"question {number}"))
            except GivenUp:
                return False

        begun = time.monotonic()
        with roles.playing("loss"):
            answered = fan_out(ask, range(calls), threads)
        seconds = time.monotonic() - begun
        return Passed(server.kinds()["429, too many"], answered.count(False), seconds)


@contextmanager
def unadapted() -> Iterator[None]:
    """Each call waits for itself, as DSPy's own retries do."""
    with patch.object(InFlight, "too_many", lambda *_: None):
        yield


def adapting() -> list[Figure]:
    """The same calls with and without adapting, within one run."""
    own = passed()
    with unadapted():
        plain = passed()
    print(f"adapting: {own}; each call for itself: {plain}")
    least = CALLS / PER_SECOND
    limited = f"{CALLS} calls, {THREADS} threads, {PER_SECOND} a second allowed"
    return [
        Figure(f"refused ({limited})", _beside(own.refused, plain.refused), "fewer", own.refused < plain.refused),
        Figure("calls lost to that limit", _beside(own.lost, plain.lost), "0", not own.lost),
        Figure("time under that limit", f"{own.seconds:.1f} s", f"{2 * least:.0f} s", own.seconds < 2 * least),
    ]


def _beside(own: int, plain: int) -> str:
    return f"{own} (each call for itself: {plain})"


if __name__ == "__main__":
    for figure in adapting():
        print(figure)
