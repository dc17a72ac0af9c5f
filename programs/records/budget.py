"""Limits on what a run may spend, kept by reserving before every request."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from dspy.utils.exceptions import LMError

REPLY_TOKENS = 1024
"""Most tokens of a reply where a token limit is set and nothing else caps the reply: a bound must exist."""


class OutOfBudget(LMError):
    """The next request could go over a limit. Not a failure of the LM: the run ends with what it has."""

    default_code = "out_of_budget"


@dataclass
class Budget:
    """At most so many calls, tokens and minutes over all roles; None is no limit.

    A request reserves an upper bound of its tokens (the prompt's bytes, since no tokenizer in use makes more tokens
    than bytes, plus the reply's cap) and gives back what it did not need, so that no single call goes over.
    """

    calls: int | None = None
    tokens: int | None = None
    minutes: float | None = None
    _begun: float = field(default_factory=time.monotonic)
    _calls: int = 0
    _tokens: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, prompt_bytes: int, reply_tokens: int | None) -> int:
        """Takes one call and an upper bound of its tokens. Returns the bound; raises OutOfBudget."""
        bound = prompt_bytes + (reply_tokens or REPLY_TOKENS)
        with self._lock:
            if self.calls is not None and self._calls >= self.calls:
                raise OutOfBudget(f"--max-calls {self.calls} is reached")
            if self.tokens is not None and self._tokens + bound > self.tokens:
                raise OutOfBudget(f"--max-tokens {self.tokens} would not hold for the next call")
            if self.minutes is not None and time.monotonic() - self._begun > self.minutes * 60:
                raise OutOfBudget(f"--max-minutes {self.minutes:g} are over")
            self._calls += 1
            self._tokens += bound
        return bound

    def settle(self, bound: int, usage: Mapping[str, int] | None) -> None:
        """Gives back what a finished request did not need; one without known usage keeps its bound."""
        used = sum((usage or {}).get(name, 0) for name in ("prompt_tokens", "completion_tokens"))
        with self._lock:
            self._tokens -= bound - used if used else 0
