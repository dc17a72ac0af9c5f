"""Limits hold whatever threads, retries, caches and servers do."""

import threading
from pathlib import Path

import dspy
import pytest

from programs.backends.metering import metered
from programs.optimizer.fan_out import fan_out
from programs.optimizer.pricing import prices_of
from programs.records.budget import REPLY_TOKENS, Budget, OutOfBudget
from programs.records.calls import CallLog
from programs.records.prices import Price
from programs.records.spending import carried, paid_in, total
from programs.settings import Settings
from tests.fake import FakeEngine, fake_lm

PRICES = {"judge": Price.per_million(2, 10)}


class Paid(FakeEngine):
    """Says that each request took so many tokens; fails the first `failing` requests."""

    def __init__(self, prompt: int = 100, completion: int = 50, failing: int = 0) -> None:
        super().__init__()
        self.tokens = (prompt, completion)
        self.failing = failing
        self.lock = threading.Lock()

    def complete(self, request):  # type: ignore[no-untyped-def]
        response = super().complete(request)
        with self.lock:
            self.failing -= 1
            if self.failing >= 0:
                raise dspy.lm15.ServerError("busy")
        prompt, completion = self.tokens
        usage = dspy.lm15.Usage(input_tokens=prompt, output_tokens=completion)
        return dspy.lm15.Response(
            id="x", model=request.model, message=response.message, finish_reason="stop", usage=usage
        )

    @property
    def usd(self) -> float:
        return len(self.asked) * PRICES["judge"].usd(*self.tokens)


def ask(engine: FakeEngine, budget: Budget, count: int, retries: int = 0, threads: int = 16) -> int:
    """Asks so many different questions; how many were answered before the budget ended."""
    lm = metered(fake_lm(engine, num_retries=retries), "judge", CallLog(), budget=budget)
    answered = []

    def one(place: int) -> None:
        try:
            lm(f"question {place}")
            answered.append(place)
        except OutOfBudget:
            pass

    fan_out(one, range(count), threads)
    return len(answered)


@pytest.mark.parametrize("limit", [{"cost": 0.05}, {"tokens": 9000}, {"calls": 7}])
def test_many_threads_keep_every_limit(limit: dict[str, float]) -> None:
    engine, budget = Paid(), Budget(**limit, prices=PRICES)
    answered = ask(engine, budget, 100)
    assert 0 < answered == len(engine.asked) < 100
    assert engine.usd <= limit.get("cost", 1)
    assert 150 * answered <= limit.get("tokens", 10**6)
    assert answered <= limit.get("calls", 100)


def test_a_request_that_could_go_over_is_not_sent_and_a_smaller_one_still_is() -> None:
    budget = Budget(cost=0.011, prices=PRICES)
    with pytest.raises(OutOfBudget, match=r"--max-cost 0\.011"):
        budget.reserve("judge", 500, REPLY_TOKENS)
    bound = budget.reserve("judge", 500, 1000)
    assert bound.usd == pytest.approx(0.011)
    budget.settle(bound, {"prompt_tokens": 100, "completion_tokens": 10})
    assert budget.reserve("judge", 100, 1000).tokens == 1100


def test_replies_are_capped_where_tokens_or_dollars_have_a_limit_and_the_key_does_not_say_so(tmp_path: Path) -> None:
    engine, log = Paid(), tmp_path / "calls.jsonl"
    for budget in (Budget(cost=1.0, prices=PRICES), Budget()):
        calls = CallLog(log)
        metered(fake_lm(engine), "judge", calls, budget=budget)("the same question")
        calls.close()
    assert [asked.request.config.max_tokens for asked in engine.asked] == [REPLY_TOKENS]


def test_what_others_hold_in_reserve_is_waited_for() -> None:
    engine, budget = Paid(), Budget(cost=0.02, prices=PRICES)  # one request reserves about 0.011, and takes 0.0007
    assert ask(engine, budget, 12, threads=8) == 12
    assert engine.usd <= 0.02


def test_retries_are_counted_and_keep_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programs.backends.clock.Clock.rest", lambda *_: None)
    engine, budget = Paid(failing=2), Budget(calls=4)
    assert ask(engine, budget, 10, retries=2, threads=1) == 2
    assert len(engine.asked) == 4


def test_what_a_cache_answers_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
    engine = Paid()
    lm = dspy.LM("fake/model", engine=engine, cache=True)
    for budget in (Budget(tokens=9000), Budget(calls=1, tokens=3000, cost=0.02, prices=PRICES)):
        metered(lm, "judge", CallLog(), budget=budget, seed=1)("known")
    assert len(engine.asked) == 1
    metered(lm, "judge", CallLog(), budget=budget, seed=1)("new")
    with pytest.raises(OutOfBudget):
        metered(lm, "judge", CallLog(), budget=budget, seed=1)("newer")


def test_a_server_that_reports_more_than_was_asked_for_is_believed() -> None:
    engine, budget = Paid(prompt=5000, completion=9000), Budget(tokens=20_000)
    assert ask(engine, budget, 10, threads=1) == 2  # 28,000: the second could not be known to take so many
    with pytest.raises(OutOfBudget):
        budget.reserve("judge", 1, 1)


def test_earlier_sessions_are_counted_by_their_log(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    calls = CallLog(log)
    lm = metered(fake_lm(Paid()), "judge", calls)
    for place in range(3):
        lm(f"question {place}")
    calls.close()
    log.write_bytes(log.read_bytes() + b'{"role": "judge", "sent": true, "usage"')
    paid = paid_in([log, tmp_path / "none.jsonl"])
    assert paid["judge"] == {"calls": 3, "prompt_tokens": 300, "completion_tokens": 150, "cached_prompt_tokens": 0}
    assert total(paid, {"judge": 1}, PRICES) == {"calls": 4, "tokens": 450, "usd": pytest.approx(0.0021)}
    assert total(paid, {}, {})["usd"] is None
    with pytest.raises(OutOfBudget):
        carried(Budget(calls=3), [log]).reserve("judge", 1, 1)


def test_a_role_has_its_own_price_that_of_its_lm_or_the_one_stated_for_all() -> None:
    own = {"judge_lm": "openai/gpt-4o-mini", "judge_price_in": 3.0, "judge_price_out": 4.0, "rater_lm": "local"}
    settings = Settings(lm="m", api_base="http://127.0.0.1:1/v1", price_in=1.0, price_out=2.0, **own)
    found = prices_of(settings)
    assert (found["judge"], found["loss"]) == (Price.per_million(3, 4), Price.per_million(1, 2))
    assert found["rater"].usd(10**6, 10**6) == 0
    assert prices_of(Settings(lm="openai/gpt-4o-mini"))["judge"].prompt > 0
