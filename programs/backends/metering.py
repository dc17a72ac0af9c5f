"""An LM whose calls go through a run's call log: any `dspy.LM` can be metered, whatever stands behind it.

The metered LM is a `dspy.LM` whose engine asks the inner LM. DSPy's retries run in the outer one, so that every
request sent is counted; DSPy's own cache works in the inner one, so that its hits are known as such.
"""

import hashlib
import math
from dataclasses import replace
from typing import Any

import dspy
import orjson
from dspy._vendor.lm15.serde import request_to_dict, response_from_dict, response_to_dict  # no public name in 3.4
from dspy.clients.backend_selection import CLIENT_KEYS
from dspy.lm15 import DataPart, Request, Response, TokenLogprob
from dspy.utils.usage_tracker import UsageTracker

from programs.records.budget import REPLY_TOKENS, Budget
from programs.records.calls import CallLog
from programs.records.lines import Answer

SEED_STRIDE = 7919
"""Between the seeds of several draws of one request: a prime, so that the small seeds of other runs are not met."""


FAINTEST = math.log(1e-6)
"""Alternatives of a token that are less likely move no expectation that anyone reads, and would fill the call log."""


class MeteredEngine:
    """A DSPy engine that answers from the call log, or asks `inner` once and writes the answer down."""

    def __init__(self, role: str, inner: dspy.LM, calls: CallLog, seed: int | None, budget: Budget) -> None:
        self.role = role
        self.calls = calls
        self.seed = seed
        self.budget = budget
        self.inner = inner.copy(num_retries=0)

    @property
    def supports_response_schema(self) -> bool:
        """Servers behind an `api_base` mostly follow schemas, though DSPy's model table does not know them."""
        return self.inner.supports_response_schema or "api_base" in self.inner.kwargs

    @property
    def supported_params(self) -> set[str]:
        return self.inner.supported_params

    def complete(self, request: Request) -> Response:
        content = request_to_dict(request)
        key = hashlib.sha256(orjson.dumps([content, self.seed], option=orjson.OPT_SORT_KEYS)).hexdigest()
        answer = self.calls.ask(self.role, key, content, lambda: self._send(request, len(orjson.dumps(content))))
        return response_from_dict(dict(answer.reply))

    def _send(self, request: Request, size: int) -> Answer:
        tracker = UsageTracker()
        if self.budget.caps and request.config.max_tokens is None:  # not in the key: another limit asks nothing anew
            request = replace(request, config=replace(request.config, max_tokens=REPLY_TOKENS))
        bound = self.budget.reserve(self.role, size, request.config.max_tokens)
        try:
            with dspy.context(usage_tracker=tracker):
                response = _slim(self.inner(request, rollout_id=self.seed))
        except BaseException:
            self.budget.settle(bound, None)
            raise
        # DSPy reports no usage for answers from its cache; a backend that never reports any was asked.
        sent = bool(tracker.usage_data) or response.usage.input_tokens is None
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
) -> dspy.LM:
    """`lm` for one role of a run: at this temperature, seeded, every call logged.

    The seed reaches the backend where it takes one, and separates DSPy's cache entries in any case; neither at
    temperature 0. Reasoning models, which refuse a temperature, keep their own settings.
    """
    options: dict[str, Any] = {name: value for name, value in lm.kwargs.items() if name not in CLIENT_KEYS}
    if "max_completion_tokens" not in options:
        options["temperature"] = temperature if temperature is not None else options.get("temperature")
        options["max_tokens"] = options.get("max_tokens") or max_tokens
    sampled = seed is not None and options.get("temperature") != 0
    if sampled and "seed" in lm.supported_params:
        options.setdefault("seed", seed)
    options = {name: value for name, value in options.items() if value is not None and name != "rollout_id"}
    engine = MeteredEngine(role, lm, calls, seed if sampled else None, budget or Budget())
    return dspy.LM(lm.model, engine=engine, cache=False, num_retries=lm.num_retries, **options)


def another_seed(seed: int, draw: int) -> int:
    """The seed of a further draw of the same request; draw 0 is the seed itself."""
    return (seed + SEED_STRIDE * draw) % 2**31


def reseeded(lm: dspy.LM, draw: int) -> dspy.LM:
    """A metered LM that draws its replies anew: same log, budget and connections. At temperature 0 nothing is drawn."""
    inner = lm.engine
    if not draw or inner.seed is None:
        return lm
    seed = another_seed(inner.seed, draw)
    own = {"seed": seed} if "seed" in lm.kwargs else {}
    return lm.copy(engine=MeteredEngine(inner.role, inner.inner, inner.calls, seed, inner.budget), **own)


def _says_something(response: Response) -> bool:
    """Whether there is a text or, where DSPy has parsed a reply that followed a schema already, data."""
    message = response.message
    return bool((message.text or "").strip()) or any(isinstance(part, DataPart) for part in message.parts)


def _slim(response: Response) -> Response:
    """Without faint alternatives, and without what nothing here reads of a token."""
    if not response.logprobs:
        return response
    return replace(response, logprobs=tuple(_slim_token(token) for token in response.logprobs))


def _slim_token(token: TokenLogprob) -> TokenLogprob:
    top = tuple(replace(other, bytes=None, token_id=None) for other in token.top if other.logprob >= FAINTEST)
    return replace(token, bytes=None, token_id=None, top=top)


def _usage(response: Response) -> dict[str, int]:
    usage = response.usage
    return {
        "prompt_tokens": usage.input_tokens or 0,
        "completion_tokens": usage.output_tokens or 0,
        "cached_prompt_tokens": usage.cache_read_tokens or 0,
    }
