"""The way that a request goes by DSPy's own HTTP client, with the reply left as the text that it is.

By an `enum` of 0, 1, 2, ... that client knows a judgment and parses the reply itself, strictly and leniently in the
wrong places: NaN beside a valid score is an error that ends the run, and of a key that is said twice it believes the
last. What is sent is what it sends; the reply is ours to read (`reply`).
"""

from dataclasses import dataclass, replace

import dspy
from dspy._vendor.lm15.adaptation import Adaptation  # no public names in 3.4
from dspy._vendor.lm15.errors import ProviderError
from dspy._vendor.lm15.providers.base import BaseProviderLM, HttpResponse, _attach_error_metadata, _client_side_stop
from dspy._vendor.lm15.transports import TransportRequest
from dspy.clients.engines.lm15_engine import LM15Engine
from dspy.clients.errors import error_boundary
from dspy.clients.execution import _engine, _hint_responses_api, prepare
from dspy.lm15 import Request, Response


@dataclass(frozen=True)
class Route:
    """Where requests of one kind go, and how replies to them are read. Retries and DSPy's cache are not here."""

    lm: dspy.LM
    provider: BaseProviderLM
    request: Request

    @classmethod
    def of(cls, lm: dspy.LM, request: Request) -> "Route | None":
        """None where something else than one body would be sent, or by someone else."""
        if not isinstance(lm.engine, str):
            return None
        engine, _, _ = _engine(lm, prepare(lm, request, None, {}), False)
        if not isinstance(engine, LM15Engine):
            return None
        provider, routed = engine._target(request)
        if getattr(provider, "_judgments_via_token_scoring", lambda request: False)(routed):  # several requests
            return None
        return cls(lm, provider, routed)

    def letter(self) -> "Letter | None":
        """What is sent for the request itself; None where replies to it would be streamed."""
        sent, adapted = self.provider._build(self.request, stream=False)
        return None if _client_side_stop(adapted) else Letter(self, sent, adapted)


@dataclass(frozen=True)
class Letter:
    """One body, ready to be sent."""

    route: Route
    body: TransportRequest
    adapted: tuple[Adaptation, ...]

    def send(self) -> Response:
        """The reply. Raises what the LM itself would raise."""
        lm, provider = self.route.lm, self.route.provider
        try:
            with error_boundary(lm.model, provider=provider.provider, unexpected=True):
                return self._read(provider._send(self.body))
        except Exception as error:
            _hint_responses_api(lm, error)
            raise

    def _read(self, reply: HttpResponse) -> Response:
        provider, request = self.route.provider, self.route.request
        if reply.status >= 400:
            raise provider._http_error(reply)
        formless = replace(request, config=replace(request.config, response_format=None))
        try:
            response = provider.parse_response(formless, reply)
        except ProviderError as error:
            _attach_error_metadata(error, reply.headers)
            raise
        return provider._finish_response(request, response, self.adapted)
