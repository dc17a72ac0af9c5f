"""Limits on what a run may spend, kept by reserving before every request."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from dspy.utils.exceptions import LMError

from programs.records.prices import Price

REPLY_TOKENS = 1024
"""Most tokens of a reply where tokens or dollars have a limit and nothing else caps the reply: a bound must exist."""

ROUNDING = 1e-9
"""US dollars that sums of floats may be off by."""

USAGE = ("prompt_tokens", "completion_tokens", "cached_prompt_tokens")


class OutOfBudget(LMError):
    """The next request could go over a limit. Not a failure of the LM: the run ends with what it has."""

    default_code = "out_of_budget"


@dataclass(frozen=True)
class Reservation:
    """What one request may take at most, and the price of its tokens."""

    tokens: int
    usd: float
    price: Price


@dataclass
class Spent:
    """Requests, tokens and US dollars."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def add(self, calls: int, tokens: int, usd: float) -> None:
        self.calls, self.tokens, self.usd = self.calls + calls, self.tokens + tokens, self.usd + usd


@dataclass
class Budget:
    """At most so many calls, tokens, US dollars and minutes over all roles; None is no limit.

    A request reserves an upper bound of its tokens (the prompt's bytes, since no tokenizer in use makes more tokens
    than bytes, plus the reply's cap) and gives back what it did not need, so that no single call goes over. A server
    that says it used more than was asked is believed, and that is counted. `prices` are by role; a role without one
    costs nothing. Minutes are those since it was made, the rest is also what `carry` brings from earlier sessions.
    """

    calls: int | None = None
    tokens: int | None = None
    minutes: float | None = None
    cost: float | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _spent: Spent = field(default_factory=Spent)
    _open: Spent = field(default_factory=Spent)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def caps(self) -> bool:
        """Whether replies need a cap, since what they take has a limit."""
        return self.tokens is not None or self.cost is not None

    def reserve(self, role: str, prompt_bytes: int, reply_tokens: int | None) -> Reservation:
        """Takes one call and an upper bound of its tokens and dollars. Raises OutOfBudget.

        Where only what others hold in reserve stands in the way, it waits until they have given back what they can.
        Every reservation is to be settled.
        """
        reply, price = reply_tokens or REPLY_TOKENS, self._price(role)
        bound = Reservation(prompt_bytes + reply, price.usd(prompt_bytes, reply), price)
        with self._changed:
            while self._reason(bound, Spent()):
                if last := self._reason(bound, self._open):
                    raise OutOfBudget(last)
                self._changed.wait(timeout=1)
            for each in (self._spent, self._open):
                each.add(1, bound.tokens, bound.usd)
        return bound

    def settle(self, bound: Reservation, usage: Mapping[str, int] | None, *, sent: bool = True) -> None:
        """Gives back what an ended request did not need: all of it where nothing was sent (the reply was in a cache),
        nothing where its usage is not known, as that of a failed one."""
        prompt, completion, cached = ((usage or {}).get(name, 0) for name in USAGE)
        with self._changed:
            self._open.add(-1, -bound.tokens, -bound.usd)
            if not sent:
                self._spent.add(-1, -bound.tokens, -bound.usd)
            elif used := prompt + completion:
                usd = bound.price.usd(prompt, completion, cached)
                self._spent.add(0, used - bound.tokens, usd - bound.usd)
            self._changed.notify_all()

    def carry(self, role: str, calls: int, usage: Mapping[str, int]) -> None:
        """Counts what an earlier session has spent."""
        prompt, completion, cached = (usage.get(name, 0) for name in USAGE)
        with self._changed:
            self._spent.add(calls, prompt + completion, self._price(role).usd(prompt, completion, cached))

    def _reason(self, bound: Reservation, without: Spent) -> str | None:
        """Why the request cannot be sent, if it cannot, were `without` not spent."""
        tokens, usd = self._spent.tokens - without.tokens, self._spent.usd - without.usd
        if self.calls is not None and self._spent.calls - without.calls >= self.calls:
            return f"--max-calls {self.calls} is reached"
        if self.tokens is not None and tokens + bound.tokens > self.tokens:
            return f"--max-tokens {self.tokens} would not hold for the next call"
        if self.cost is not None and usd + bound.usd > self.cost + ROUNDING:
            return f"--max-cost {self.cost:g} would not hold for the next call"
        if self.minutes is not None and time.monotonic() - self._begun > self.minutes * 60:
            return f"--max-minutes {self.minutes:g} are over"
        return None

    def _price(self, role: str) -> Price:
        return self.prices.get(role, FREE)


FREE = Price(0.0, 0.0, 0.0)
"""Of an LM in this process."""
