import io
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import dspy
import pytest

from programs.optimizer.fan_out import Pool, fan_out, in_order

MARK: ContextVar[str] = ContextVar("mark", default="none")


def test_results_come_in_the_order_of_the_items() -> None:
    assert fan_out(lambda item: item * 2, list(range(50)), threads=8) == [item * 2 for item in range(50)]


def test_nothing_to_do_is_done_at_once() -> None:
    assert fan_out(lambda item: item, [], threads=8) == []


def test_every_item_sees_the_callers_context() -> None:
    MARK.set("here")
    with dspy.context(lm="the lm of this test"):
        seen = fan_out(lambda _: (MARK.get(), dspy.settings.lm), range(20), threads=4)
    assert set(seen) == {("here", "the lm of this test")}


def test_no_more_than_the_threads_are_in_flight() -> None:
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3)

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(timeout=10)
        with lock:
            running -= 1

    fan_out(work, range(9), threads=3)
    assert most == 3


def test_the_first_failure_is_raised_unchanged_and_starts_nothing_more() -> None:
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        if item == 2:
            raise ZeroDivisionError("the second")
        return item

    with pytest.raises(ZeroDivisionError, match="the second"):
        fan_out(work, range(1000), threads=1)
    assert len(started) < 1000


def test_what_is_in_flight_when_one_fails_is_finished() -> None:
    begun, failed, finished = threading.Event(), threading.Event(), threading.Event()

    def work(item: int) -> None:
        if item == 0:
            begun.wait(timeout=10)
            failed.set()
            raise ZeroDivisionError
        begun.set()
        failed.wait(timeout=10)
        finished.set()

    with pytest.raises(ZeroDivisionError):
        fan_out(work, range(2), threads=2)
    assert finished.is_set()


def test_progress_counts_every_finished_item() -> None:
    phases: list[tuple[str, int]] = []
    done: list[int] = []

    def started(phase: str, total: int):  # type: ignore[no-untyped-def]
        phases.append((phase, total))
        return lambda: done.append(1)

    Pool(4, started).map("judge", lambda item: item, range(7))
    assert phases == [("judge", 7)]
    assert len(done) == 7


@pytest.mark.parametrize("strikes_at", [1, 2])
def test_ctrl_c_waits_for_what_is_in_flight_and_sends_nothing_that_queues(
    strikes_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, said = threading.Event(), threading.Event()
    handed: list[Future[None]] = []
    ran: list[int] = []

    class Interrupted(ThreadPoolExecutor):
        """Ctrl-C strikes while an item is handed out, the first item in flight."""

        def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
            handed.append(super().submit(*arguments, **options))
            assert begun.wait(timeout=10)
            if len(handed) == strikes_at:
                raise KeyboardInterrupt
            return handed[-1]

    class Heard(io.StringIO):
        def write(self, text: str) -> int:
            said.set()
            return super().write(text)

    def work(item: int) -> None:
        begun.set()
        assert said.wait(timeout=10)
        ran.append(item)

    heard = Heard()
    monkeypatch.setattr(sys, "stderr", heard)
    monkeypatch.setattr("programs.optimizer.flight.ThreadPoolExecutor", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        fan_out(work, [1, 2, 3], threads=1)
    assert ran == [1]
    assert "waiting for 1 calls in flight" in heard.getvalue()


def test_results_are_handed_on_while_later_items_still_wait() -> None:
    handed = threading.Event()

    def work(item: int) -> int:
        if item == 2:
            assert handed.wait(timeout=10)
        return item

    results = in_order(work, range(4), threads=1)
    assert [next(results), next(results)] == [0, 1]
    handed.set()
    assert list(results) == [2, 3]


def test_what_is_not_read_to_its_end_begins_nothing_more_and_waits_for_what_is_in_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, said = threading.Event(), threading.Event()
    finished: list[int] = []

    class Heard(io.StringIO):
        def write(self, text: str) -> int:
            said.set()
            return super().write(text)

    def work(item: int) -> int:
        if item:
            begun.set()
            assert said.wait(timeout=10)
        finished.append(item)
        return item

    monkeypatch.setattr(sys, "stderr", Heard())
    results = in_order(work, range(1000), threads=1)
    assert next(results) == 0
    assert begun.wait(timeout=10)
    results.close()
    assert finished == [0, 1]
