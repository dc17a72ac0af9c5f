"""An LM whose calls go through a run's call log: any `dspy.LM` can be metered, whatever stands behind it.

The metered LM is a `dspy.LM` whose engine asks the inner LM, again where that fails (`line`): each request sent is
counted. DSPy's own cache works in the inner one, so that its hits are known as such; its retries are off in both.
"""

import threading
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar

import dspy
from dspy._vendor.lm15.serde import response_from_dict, response_to_dict  # no public name in 3.4
from dspy.clients.backend_selection import CLIENT_KEYS
from dspy.lm15 import DataPart, Request, Response

from programs.backends.line import Line
from programs.backends.sender import Sender
from programs.backends.server import Server, Servers
from programs.backends.template import Asked, Whole
from programs.records.budget import REPLY_TOKENS, Budget
from programs.records.calls import CallLog
from programs.records.lines import Answer
from programs.records.served import answered

SEED_STRIDE = 7919
"""Between the seeds of several draws of one request: a prime, so that the small seeds of other runs are not met."""

MOST_MADE = 100
"""Templates and reseeded LMs that an engine keeps: of the judges and draws that it is asked for at a time."""

Made = TypeVar("Made")


class MeteredEngine:
    """A DSPy engine that answers from the call log, or asks `inner` once and writes the answer down."""

    def __init__(
        self,
        role: str,
        inner: dspy.LM,
        calls: CallLog,
        seed: int | None,
        budget: Budget,
        line: Line | None = None,
    ) -> None:
        self.role = role
        self.calls = calls
        self.seed = seed
        self.budget = budget
        self.sender = Sender(inner, seed)
        self.line = line or Line(role, Servers().of(inner), calls, inner.num_retries)
        self._made: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    @property
    def inner(self) -> dspy.LM:
        return self.sender.inner

    @cached_property
    def supports_response_schema(self) -> bool:
        """Servers behind an `api_base` mostly follow schemas, though DSPy's model table does not know them."""
        return self.inner.supports_response_schema or "api_base" in self.inner.kwargs

    @property
    def slots(self) -> int | None:
        """How many prompts the backend works on, and keeps, at a time, where that is known."""
        found: int | None = getattr(self.inner.engine, "slots", None)
        return found

    @cached_property
    def supported_params(self) -> set[str]:
        """Looked up once: DSPy searches its whole table of models, which takes longer than all else of a call."""
        return self.inner.supported_params

    def complete(self, request: Request) -> Response:
        """What DSPy asks."""
        return response_from_dict(dict(self.ask(Whole(request, self.seed)).reply))

    def ask(self, asked: Asked) -> Answer:
        """The answer, known or sent for. Raises as `Line.tried` does."""
        prompt = asked.content if self.calls.keep_prompts else None
        answer = self.line.tried(lambda: self.calls.ask(self.role, asked.key, prompt, lambda: self._send(asked)))
        answered(asked.key, answer)
        return answer

    def made(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, made once for all calls of the same key."""
        if key not in self._made:
            with self._lock:
                if key not in self._made:
                    self._made = {**dict(list(self._made.items())[-MOST_MADE:]), key: make()}
        found: Made = self._made[key]
        return found

    def _send(self, asked: Asked) -> Answer:
        if self.budget.caps and asked.most_tokens is None:  # not in the key: another limit asks nothing anew
            asked = asked.capped(REPLY_TOKENS)
        with self.line.request():
            bound = self.budget.reserve(self.role, asked.size, asked.most_tokens)
            try:
                response, sent = self.sender.send(asked)
            except BaseException:
                self.budget.settle(bound, None)
                raise
        usage = _usage(response) if sent else {}
        self.budget.settle(bound, usage, sent=sent)
        return Answer(response_to_dict(response), usage, sent, whole=_says_something(response))


def metered(
    lm: dspy.LM,
    role: str,
    calls: CallLog,
    *,
    temperature: float | None = None,
    seed: int | None = None,
    max_tokens: int | None = None,
    budget: Budget | None = None,
    server: Server | None = None,
) -> dspy.LM:
    """`lm` for one role of a run: at this temperature, seeded, every call logged.

    The seed reaches the backend where it takes one, and separates DSPy's cache entries in any case; neither at
    temperature 0. Reasoning models, which refuse a temperature, keep their own settings. Roles that ask one `server`
    are given the same.
    """
    options: dict[str, Any] = {name: value for name, value in lm.kwargs.items() if name not in CLIENT_KEYS}
    if "max_completion_tokens" not in options:
        options["temperature"] = temperature if temperature is not None else options.get("temperature")
        options["max_tokens"] = options.get("max_tokens") or max_tokens
    sampled = seed is not None and options.get("temperature") != 0
    if sampled and "seed" in lm.supported_params:
        options.setdefault("seed", seed)
    options = {name: value for name, value in options.items() if value is not None and name != "rollout_id"}
    line = Line(role, server or Servers().of(lm), calls, lm.num_retries)
    engine = MeteredEngine(role, lm, calls, seed if sampled else None, budget or Budget(), line)
    return dspy.LM(lm.model, engine=engine, cache=False, num_retries=0, **options)


def another_seed(seed: int, draw: int) -> int:
    """The seed of a further draw of the same request; draw 0 is the seed itself."""
    return (seed + SEED_STRIDE * draw) % 2**31


def reseeded(lm: dspy.LM, draw: int) -> dspy.LM:
    """A metered LM that draws its replies anew: same log, budget and connections. At temperature 0 nothing is drawn."""
    engine = lm.engine
    if not draw or engine.seed is None:
        return lm
    return engine.made((lm, draw), lambda: _reseeded(lm, engine, another_seed(engine.seed, draw)))


def _reseeded(lm: dspy.LM, engine: MeteredEngine, seed: int) -> dspy.LM:
    own = {"seed": seed} if "seed" in lm.kwargs else {}
    another = MeteredEngine(engine.role, engine.inner, engine.calls, seed, engine.budget, engine.line)
    return lm.copy(engine=another, **own)


def _says_something(response: Response) -> bool:
    """Whether there is a text or, where DSPy has parsed a reply that followed a schema already, data."""
    message = response.message
    return bool((message.text or "").strip()) or any(isinstance(part, DataPart) for part in message.parts)


def _usage(response: Response) -> dict[str, int]:
    usage = response.usage
    return {
        "prompt_tokens": usage.input_tokens or 0,
        "completion_tokens": usage.output_tokens or 0,
        "cached_prompt_tokens": usage.cache_read_tokens or 0,
    }
