"""Phases in the background: who goes first, how they end, and that they change nothing that a run writes."""

import threading
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from programs.optimizer.fan_out import Pool
from programs.records.calls import PLACE
from programs.records.unanswered import Stopped


def test_other_phases_go_first_and_places_are_those_of_one_after_the_other() -> None:
    order: list[tuple[int, int]] = []
    free = threading.Event()

    def work(item: int) -> int:
        place = PLACE.get()
        assert place is not None
        order.append(place)
        if place == (0, 0):
            free.wait(timeout=10)
        return item

    pool = Pool(1)
    later = pool.later("test", work, range(3))
    while not order:
        pass
    threading.Timer(0.05, free.set).start()
    assert pool.map("judge", work, range(10, 13)) == [10, 11, 12]
    assert list(later.in_order()) == [0, 1, 2]
    assert order == [(0, 0), (1, 0), (1, 1), (1, 2), (0, 1), (0, 2)]
    assert pool.begun == 2 and later.done and later.whole


def test_no_more_than_the_threads_are_in_flight_in_both_together() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.002)
        with lock:
            running -= 1

    pool = Pool(3)
    later = pool.later("test", work, range(20))
    pool.map("judge", work, range(20))
    list(later.in_order())
    assert most == 3


def test_a_failure_in_the_background_ends_the_phase_that_is_under_way() -> None:
    failed = threading.Event()
    begun: list[int] = []

    def fail(_: int) -> None:
        failed.set()
        raise ZeroDivisionError("in the background")

    def work(item: int) -> None:
        begun.append(item)
        failed.wait(timeout=10)

    pool = Pool(2)
    later = pool.later("test", fail, range(3))
    with pytest.raises(ZeroDivisionError, match="in the background"):
        for _ in range(1000):
            pool.map("judge", work, range(1000))
    assert len(begun) < 1000
    with pytest.raises(ZeroDivisionError):
        list(later.in_order())
    assert later.done and not later.whole


@pytest.mark.parametrize("first", [CancelledError, Stopped])
def test_what_was_only_stopped_raises_what_stopped_it(first: type[Exception]) -> None:
    under_way, failed = threading.Event(), threading.Event()

    def fail(_: int) -> None:
        under_way.wait(timeout=10)
        failed.set()
        raise ZeroDivisionError("in the background")

    def stopped(_: int) -> None:
        under_way.set()
        failed.wait(timeout=10)
        raise first

    pool = Pool(2)
    pool.later("test", fail, range(1))
    with pytest.raises(ZeroDivisionError, match="in the background"):
        pool.map("judge", stopped, range(1))
    under_way.set()
    with pytest.raises(ZeroDivisionError, match="in the background"):
        list(pool.later("test", stopped, range(1)).in_order())


def test_ctrl_c_lands_the_background_too_and_the_pool_can_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, struck = threading.Event(), threading.Event()
    finished: list[int] = []

    def work(item: int) -> None:
        begun.set()
        if item == 0:  # one thread is left for the call that is interrupted
            struck.wait(timeout=10)
        threading.Event().wait(0.001)
        finished.append(item)

    def interrupted(_: object) -> None:
        begun.wait(timeout=10)
        struck.set()
        raise KeyboardInterrupt

    pool = Pool(2)
    later = pool.later("test", work, range(3_000))
    with pytest.raises(KeyboardInterrupt):
        pool.map("judge", interrupted, [0])
    assert 0 in finished and len(finished) < 3_000
    assert not later.whole
    assert pool.map("judge", lambda item: item, [1, 2]) == [1, 2]
    assert list(pool.later("test", lambda item: item, [3]).in_order()) == [3]


def test_a_request_counts_for_the_earliest_phase_that_asks_for_it(tmp_path: Path) -> None:
    from programs.records.laps import Spending

    spending, usage = Spending(), {"prompt_tokens": 2, "completion_tokens": 1}
    spending.add("judge", ("a", None), (0, 0), usage)
    first = spending.lap(1)
    spending.add("judge", ("b", None), (2, 0), usage)  # a step, while a test scoring of the phase 1 still goes on
    second = spending.lap(3)
    spending.add("judge", ("c", None), (3, 0), usage)
    spending.add("judge", ("a", None), (3, 1), usage)
    third = spending.lap(4)
    assert (first["calls"], second["calls"], third["calls"]) == (1, 1, 1)
    spending.add("loss", ("c", None), (1, 0), usage)
    assert dict(second) == {
        "calls": 2,
        "prompt_tokens": 4,
        "completion_tokens": 2,
        "judge_calls": 1,
        "judge_prompt_tokens": 2,
        "judge_completion_tokens": 1,
        "loss_calls": 1,
        "loss_prompt_tokens": 2,
        "loss_completion_tokens": 1,
    }
    assert third["calls"] == 0 and first["calls"] == 1
