"""What a metered LM sends a request by: the inner LM, or its wire where that does the same with less work."""

import math
import threading
from dataclasses import replace
from typing import Any

import dspy
from dspy._vendor.lm15.judgments import request_judgments  # no public names in 3.4
from dspy.clients.call_result import CallResult
from dspy.clients.execution import IGNORED_CACHE_KEYS
from dspy.lm15 import Response, TokenLogprob
from dspy.utils.usage_tracker import UsageTracker

from programs.backends.route import Letter, Route
from programs.backends.template import Asked, Filled, Template
from programs.backends.wire import Wire

FAINTEST = math.log(1e-6)
"""Alternatives of a token that are less likely move no expectation that anyone reads, and would fill the call log."""


UNMEASURED = (None, "off")
"""What a request says of probabilities whose reply is a text."""


class Sender:
    """Sends requests by `inner`, without retries. Replies are without what nothing here reads of their tokens."""

    def __init__(self, inner: dspy.LM, seed: int | None) -> None:
        self.inner = inner.copy(num_retries=0)
        self.seed = seed
        self._wires: dict[Template, Wire | None] = {}
        self._lock = threading.Lock()

    def send(self, asked: Asked) -> tuple[Response, bool]:
        """The reply, and whether a request was sent for it: not where DSPy's cache knows it."""
        letter = self._letter(asked)
        if letter is None or (self.inner.cache and self._cached(asked)):
            return self._by_lm(asked)
        response = letter.send()
        if self.inner.cache:
            self._cache(asked, response, letter.route.provider.provider)
        return _slim(response), True

    def _by_lm(self, asked: Asked) -> tuple[Response, bool]:
        tracker = UsageTracker()
        with dspy.context(usage_tracker=tracker):
            response = _slim(self.inner(asked.request, rollout_id=self.seed))
        # DSPy reports no usage for answers from its cache; a backend that never reports any was asked.
        return response, bool(tracker.usage_data) or response.usage.input_tokens is None

    def _letter(self, asked: Asked) -> Letter | None:
        wire = self._wire(asked.template) if isinstance(asked, Filled) else None
        if wire is not None and isinstance(asked, Filled):
            return wire.letter(asked.text)
        if not isinstance(self.inner.engine, str) or not request_judgments(asked.request):
            return None
        if asked.request.config.probabilities not in UNMEASURED:  # an answer is no text then
            return None
        route = Route.of(self.inner, asked.request)
        return route.letter() if route is not None else None

    def _wire(self, template: Template) -> Wire | None:
        if template not in self._wires:
            with self._lock:
                if template not in self._wires:
                    self._wires = {**dict(list(self._wires.items())[-100:]), template: Wire.of(self.inner, template)}
        return self._wires.get(template)

    def _cached(self, asked: Asked) -> bool:
        return dspy.cache.get(self._entry(asked), IGNORED_CACHE_KEYS) is not None

    def _cache(self, asked: Asked, response: Response, provider: str) -> None:
        """As DSPy does, but for the price, which is looked up in its table of models."""
        logprobs = asked.request.config.logprobs is not None
        result = CallResult.native(response, model_type=self.inner.model_type, logprobs=logprobs, provider=provider)
        dspy.cache.put(self._entry(asked), result.dump(), IGNORED_CACHE_KEYS)

    def _entry(self, asked: Asked) -> dict[str, Any]:
        """Where DSPy's cache has the reply (`dspy.clients.execution.PreparedCall.key`)."""
        return {
            "_fn_identifier": "dspy.clients.lm15.complete",
            "request": dict(asked.content),
            "rollout_id": self.seed,
        }


def _slim(response: Response) -> Response:
    """Without faint alternatives, and without what nothing here reads of a token."""
    if not response.logprobs:
        return response
    return replace(response, logprobs=tuple(_slim_token(token) for token in response.logprobs))


def _slim_token(token: TokenLogprob) -> TokenLogprob:
    top = tuple(replace(other, bytes=None, token_id=None) for other in token.top if other.logprob >= FAINTEST)
    return replace(token, bytes=None, token_id=None, top=top)
