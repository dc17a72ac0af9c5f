"""How many requests are in flight: half after a refusal for overload, one more a round while all is answered."""

import math
import threading
from contextlib import ExitStack

import pytest

from programs.backends.clock import STOPPING
from programs.backends.in_flight import InFlight
from programs.records.unanswered import Stopped
from tests.backends.clock import FakeClock


def round_of(flight: InFlight, count: int, refused: int = 0, seconds: float | None = None) -> None:
    """So many requests at once, of which the last ones are refused."""
    with ExitStack() as stack:
        numbers = [stack.enter_context(flight.place()) for _ in range(count)]
        assert flight.count == count
        for place, number in enumerate(numbers):
            if place < count - refused:
                flight.answered()
            else:
                flight.too_many(number, seconds)
    assert flight.count == 0


def test_nothing_is_held_back_before_the_first_refusal() -> None:
    flight = InFlight(FakeClock())
    round_of(flight, 50)
    assert flight.limit == math.inf


def test_a_burst_of_refusals_halves_once_and_each_answered_round_adds_one() -> None:
    flight = InFlight(FakeClock())
    round_of(flight, 16, refused=5)
    assert flight.limit == 8
    round_of(flight, 8)
    assert 8.9 < flight.limit < 9.0
    round_of(flight, 8, refused=8)
    assert flight.limit == pytest.approx(4, abs=0.5)


def test_one_may_always_be_in_flight() -> None:
    flight = InFlight(FakeClock())
    for _ in range(5):
        round_of(flight, 1, refused=1)
    assert flight.limit == 1


def test_nobody_is_asked_before_the_time_that_the_server_named() -> None:
    clock = FakeClock()
    flight = InFlight(clock)
    round_of(flight, 4, refused=2, seconds=7.5)
    assert not clock.rests
    with flight.place():
        assert clock.rests == [7.5]
    with flight.place():
        assert clock.rests == [7.5]


def test_who_waits_for_a_place_goes_on_when_another_is_done() -> None:
    flight, entered = InFlight(FakeClock()), threading.Event()
    round_of(flight, 2, refused=1)

    def wait() -> None:
        with flight.place():
            entered.set()

    with flight.place():
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not entered.is_set()
    waiting.join(timeout=10)
    assert entered.is_set()


def test_who_waits_for_a_place_sends_nothing_once_the_run_ends() -> None:
    flight, stop, found = InFlight(FakeClock()), threading.Event(), []
    round_of(flight, 2, refused=1)

    def wait() -> None:
        STOPPING.set(stop)
        try:
            with flight.place():
                found.append("sent")
        except Stopped:
            found.append("stopped")

    with flight.place():
        waiting = threading.Thread(target=wait)
        waiting.start()
        stop.set()
    waiting.join(timeout=10)
    assert found == ["stopped"]
