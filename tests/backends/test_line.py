"""Retries: how long is waited, how often is tried, and what ends a run. No test waits."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import dspy
import pytest
from dspy.lm15 import InvalidRequestError, LM15Error, RateLimitError, ServerError, TransportError

from programs.backends.clock import STOPPING
from programs.backends.line import IN_A_ROW, LONGEST_WISH, MOST_WAIT
from programs.backends.metering import metered
from programs.backends.server import Server
from programs.records.calls import CallLog
from programs.records.unanswered import GivenUp, Stopped
from tests.backends.clock import FakeClock
from tests.fake import FakeEngine, fake_lm

Failure = Callable[[], LM15Error]


def down() -> LM15Error:
    return TransportError("connection refused")


def broken() -> LM15Error:
    return ServerError("it broke\n\nTo fix: nothing", status=500)


def unfit() -> LM15Error:
    return InvalidRequestError("a filter says no", status=400)


class Failing(FakeEngine):
    """Meets its failures one after the other, then answers (None: answers in between)."""

    def __init__(self, failures: Sequence[Failure | None]) -> None:
        super().__init__(reply=lambda asked: "fine")
        self.failures = list(failures)
        self.requests = 0

    def complete(self, request: Any) -> Any:
        self.requests += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure()
        return super().complete(request)


def line(
    failures: Sequence[Failure | None], role: str = "judge", retries: int = 3
) -> tuple[dspy.LM, Failing, FakeClock, CallLog]:
    """A role's LM over an engine that fails so, with a clock that does not wait."""
    engine, clock, calls = Failing(failures), FakeClock(), CallLog()
    lm = fake_lm(engine, num_retries=retries)
    return metered(lm, role, calls, server=Server(lm, clock)), engine, clock, calls


def ask(lm: dspy.LM, count: int) -> list[str]:
    """What becomes of so many calls."""
    found = []
    for number in range(count):
        try:
            found += lm(f"question {number}")
        except GivenUp:
            found.append("given up")
    return found


def test_waits_double_with_something_at_random_and_have_a_cap() -> None:
    lm, engine, clock, _ = line([broken] * 7, retries=8)
    assert ask(lm, 1) == ["fine"]
    assert engine.requests == 8
    for least, waited in zip((1, 2, 4, 8, 16, MOST_WAIT, MOST_WAIT), clock.rests, strict=True):
        assert least <= waited <= min(least + 1, MOST_WAIT)


def test_a_named_time_is_waited_for_and_a_little_more() -> None:
    lm, _, clock, _ = line([lambda: RateLimitError("slow down", status=429, retry_after=20)])
    assert ask(lm, 1) == ["fine"]
    assert sum(clock.rests) >= 20
    assert clock.rests[0] <= 22


def test_a_server_that_wants_to_be_left_for_long_ends_the_run_at_once() -> None:
    lm, engine, clock, _ = line([lambda: RateLimitError("come tomorrow", status=429, retry_after=LONGEST_WISH + 1)])
    with pytest.raises(dspy.LMRateLimitError, match="wants no request for 121 s"):
        ask(lm, 1)
    assert (engine.requests, clock.rests) == (1, [])


def test_three_calls_in_a_row_without_a_word_end_the_run() -> None:
    lm, engine, _, calls = line([down] * 99, role="loss")
    with pytest.raises(dspy.LMTransportError, match=r"nothing is heard .* 3 calls in a row \(each tried 4 times\)"):
        ask(lm, 9)
    assert engine.requests == 4 * IN_A_ROW
    assert calls.summary()["loss"] == {**calls.summary()["loss"], "calls": 12, "failed": 12, "given_up": 2}
    assert calls.failed() == {"loss": {"transport": 12}}


def test_a_judge_who_only_fails_ends_the_run_and_the_line_has_no_advice_for_programmers() -> None:
    lm, engine, _, _ = line([broken] * 99)
    with pytest.raises(dspy.LMServerError, match="only fails, 3 calls") as raised:
        ask(lm, 9)
    assert "To fix" not in str(raised.value)
    assert engine.requests == 4 * IN_A_ROW


def test_another_role_that_only_fails_goes_on_without_retries_until_it_is_answered() -> None:
    lm, engine, _, calls = line([*[broken] * 14, None, broken], role="rewrite")
    assert ask(lm, 7) == [*["given up"] * 5, "fine", "fine"]
    assert engine.requests == 3 * 4 + 2 + 1 + 2
    assert calls.summary()["rewrite"]["given_up"] == 5


def test_single_calls_that_fail_are_given_up_however_many() -> None:
    lm, _, _, calls = line([broken, broken, None] * 10, retries=1)
    assert ask(lm, 20) == ["given up", "fine"] * 10
    assert calls.summary()["judge"]["given_up"] == 10


def test_a_text_that_is_refused_is_given_up_once_others_were_taken() -> None:
    lm, engine, _, _ = line([None, unfit, None])
    assert ask(lm, 3) == ["fine", "given up", "fine"]
    assert engine.requests == 3


@pytest.mark.parametrize(
    "failure", [unfit, lambda: dspy.lm15.AuthError("401", status=401), lambda: InvalidRequestError("no", status=404)]
)
def test_what_no_request_would_pass_ends_the_run_at_once(failure: Failure) -> None:
    lm, engine, _, _ = line([failure] * 2)
    with pytest.raises(dspy.LMProviderError):
        ask(lm, 1)
    assert engine.requests == 1


def test_a_setting_that_a_server_refuses_is_no_matter_of_one_text() -> None:
    lm, _, _, _ = line([None, lambda: InvalidRequestError("logprobs are not supported", status=400)])
    with pytest.raises(dspy.LMInvalidRequestError, match="logprobs"):
        ask(lm, 2)


def test_a_run_that_ends_is_not_held_up_by_a_wait() -> None:
    lm, engine, _, calls = line([broken] * 9)
    stop = threading.Event()
    stop.set()
    token = STOPPING.set(stop)
    try:
        with pytest.raises(Stopped):
            ask(lm, 1)
    finally:
        STOPPING.reset(token)
    assert engine.requests == 0
    assert "judge" not in calls.summary()


def test_roles_on_one_server_share_what_it_bears_and_its_silence() -> None:
    lm, _, _, _ = line([down] * 99)
    other = metered(fake_lm(lm.engine.inner.engine, num_retries=0), "loss", CallLog(), server=lm.engine.line.server)
    assert ask(lm, 2) == ["given up"] * 2
    with pytest.raises(dspy.LMTransportError, match="3 calls in a row"):
        other("hello")
