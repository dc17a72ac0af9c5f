"""The metered LM: every request is counted, none is repeated, and DSPy's cache hits are known as such."""

from dataclasses import replace
from pathlib import Path

import dspy
import pytest

from programs.backends.metering import metered
from programs.backends.roles import Roles
from programs.errors import UserError
from programs.records.budget import Budget, OutOfBudget
from programs.records.calls import CallLog
from programs.records.unanswered import GivenUp
from tests.fake import FakeEngine, fake_lm


class Flaky(FakeEngine):
    """Fails so many times before it answers."""

    def __init__(self, failures: int) -> None:
        super().__init__(reply=lambda asked: "fine")
        self.failures = failures

    def complete(self, request):  # type: ignore[no-untyped-def]
        if self.failures:
            self.failures -= 1
            raise dspy.lm15.RateLimitError("slow down", retry_after=0)
        return super().complete(request)


def test_a_call_is_counted_with_its_tokens_and_not_repeated() -> None:
    engine, calls = FakeEngine(reply=lambda asked: "two words"), CallLog()
    lm = metered(fake_lm(engine), "loss", calls, temperature=0.3, seed=1)
    assert lm("one two three") == lm("one two three") == ["two words"]
    assert len(engine.asked) == 1
    tally = calls.summary()["loss"]
    assert (tally["calls"], tally["reused"], tally["completion_tokens"]) == (1, 1, 2)
    assert tally["prompt_tokens"] > 0


def test_a_reply_that_dspy_has_parsed_as_data_is_written_down(tmp_path: Path) -> None:
    """As replies are that follow a JSON schema over HTTP: without a text, but not empty."""

    class Parsed(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            reply = super().complete(request)
            return replace(reply, message=dspy.lm15.Message.assistant([dspy.lm15.DataPart({"polite": 0})]))

    engine, hello = Parsed(reply=lambda asked: "parsed"), dspy.lm15.Message.user("hello")
    for _ in range(2):
        calls = CallLog(tmp_path / "calls.jsonl")
        metered(fake_lm(engine), "judge", calls)(dspy.lm15.Request(model="fake/model", messages=(hello,)))
        calls.close()
    assert len(engine.asked) == 1


def test_every_retry_is_a_request_that_is_counted() -> None:
    calls = CallLog()
    lm = metered(fake_lm(Flaky(2), num_retries=3), "judge", calls)
    assert lm("hello") == ["fine"]
    assert calls.summary()["judge"]["calls"] == 3
    assert calls.summary()["judge"]["failed"] == 2


def test_retries_end_and_a_call_that_always_fails_is_given_up() -> None:
    calls = CallLog()
    lm = metered(fake_lm(Flaky(9), num_retries=1), "judge", calls)
    with pytest.raises(GivenUp, match="slow down"):
        lm("hello")
    assert calls.summary()["judge"] == {**calls.summary()["judge"], "calls": 2, "failed": 2, "given_up": 1}
    assert calls.failed() == {"judge": {"rate_limit": 2}}


def test_the_seed_reaches_the_backend_except_at_temperature_zero() -> None:
    engine = FakeEngine(reply=lambda asked: "fine")
    metered(fake_lm(engine), "judge", CallLog(), temperature=0.1, seed=7)("hello")
    metered(fake_lm(engine), "rater", CallLog(), temperature=0.0, seed=7)("hello")
    assert [asked.request.config.seed for asked in engine.asked] == [7, None]


def test_runs_of_different_seeds_do_not_share_sampled_answers() -> None:
    engine, calls = FakeEngine(reply=lambda asked: "fine"), CallLog()
    for seed in (1, 2):
        metered(fake_lm(engine), "judge", calls, temperature=0.1, seed=seed)("hello")
    assert len(engine.asked) == 2


def test_an_answer_from_dspys_cache_is_reused_not_called() -> None:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
    engine = FakeEngine(reply=lambda asked: "fine")
    inner = dspy.LM("fake/model", engine=engine, cache=True)
    first, second = CallLog(), CallLog()
    metered(inner, "judge", first, temperature=0.1, seed=1)("hello")
    assert metered(inner, "judge", second, temperature=0.1, seed=1)("hello") == ["fine"]
    assert len(engine.asked) == 1
    assert first.summary()["judge"]["calls"] == 1
    assert second.summary()["judge"] == {**second.summary()["judge"], "calls": 0, "reused": 1, "prompt_tokens": 0}


def test_the_users_own_usage_tracker_counts_once() -> None:
    lm = metered(fake_lm(FakeEngine(reply=lambda asked: "fine")), "judge", CallLog())
    with dspy.track_usage() as tracker:
        lm("hello")
    (entries,) = tracker.usage_data.values()
    assert len(entries) == 1


def test_a_server_behind_an_api_base_is_taken_to_follow_schemas() -> None:
    calls = CallLog()
    unknown = dspy.LM("openai/some-own-model", api_base="http://127.0.0.1:9", api_key="none")
    assert metered(unknown, "judge", calls).supports_response_schema
    hosted = dspy.LM("openai/some-own-model", api_key="none")
    assert not metered(hosted, "judge", calls).supports_response_schema


def test_no_call_goes_over_a_budget() -> None:
    engine, calls = FakeEngine(reply=lambda asked: "fine"), CallLog()
    lm = metered(fake_lm(engine), "judge", calls, budget=Budget(calls=2))
    lm("one"), lm("two"), lm("two")  # the third is known already
    with pytest.raises(OutOfBudget, match="--max-calls 2"):
        lm("three")
    assert len(engine.asked) == 2
    assert calls.summary()["judge"]["calls"] == 2


def test_a_token_budget_reserves_before_sending() -> None:
    engine, calls = FakeEngine(reply=lambda asked: "fine"), CallLog()
    lm = metered(fake_lm(engine), "judge", calls, max_tokens=10, budget=Budget(tokens=400))
    with pytest.raises(OutOfBudget, match="--max-tokens 400"):
        for number in range(1000):
            lm(f"question number {number}")
    spent = sum(calls.summary()["judge"][name] for name in ("prompt_tokens", "completion_tokens"))
    assert 0 < spent <= 400


def test_a_role_without_an_lm_is_named() -> None:
    with pytest.raises(UserError, match="no LM for loss, gradient, rewrite, rater"):
        Roles.of({"judge": fake_lm()})
