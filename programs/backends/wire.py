"""The wire to a server that DSPy's own HTTP client speaks to: bodies with a gap, sent and read as that client does.

It is used in the place of a `dspy.LM` where all that the LM would add is work: choosing a backend, looking up what the
model supports and costs in a table of thousands, and building the same request once more.
"""

from dataclasses import replace

import dspy
from dspy._vendor.lm15.adaptation import Adaptation  # no public names in 3.4
from dspy._vendor.lm15.errors import ProviderError
from dspy._vendor.lm15.providers.base import BaseProviderLM, HttpResponse, _attach_error_metadata, _client_side_stop
from dspy._vendor.lm15.transports import TransportRequest
from dspy.clients.engines.lm15_engine import LM15Engine
from dspy.clients.errors import error_boundary
from dspy.clients.execution import _engine, _hint_responses_api, prepare
from dspy.lm15 import Request, Response

from programs.backends.template import Gapped, NoGap, Template

AWKWARD = 'a "b"\\ \n\t\x01 é 漢 😀 </text>'
"""What the bodies with a gap are compared with bodies built anew on."""


class Wire:
    """Sends the requests of one template. Raises what the LM itself would raise; its retries and cache are not here."""

    def __init__(
        self,
        lm: dspy.LM,
        template: Template,
        provider: BaseProviderLM,
        routed: Request,
        sent: TransportRequest,
        adapted: tuple[Adaptation, ...],
    ) -> None:
        self.template = template
        self.provider = provider.provider
        self._lm = lm
        self._provider = provider
        self._routed = routed
        self._sent = sent
        self._adapted = adapted
        self._body = Gapped(sent.body)

    @classmethod
    def of(cls, lm: dspy.LM, template: Template) -> "Wire | None":
        """None where something else than a text in a fixed body and fixed headers would be sent, or by someone else."""
        if not isinstance(lm.engine, str):
            return None
        engine, _, _ = _engine(lm, prepare(lm, template.gapped, None, {}), False)
        if not isinstance(engine, LM15Engine):
            return None
        provider, routed = engine._target(template.gapped)
        if provider.api_key is not None and not isinstance(provider.api_key, str):  # it may be another tomorrow
            return None
        if getattr(provider, "_judgments_via_token_scoring", lambda request: False)(routed):  # several requests
            return None
        return cls._tried(lm, provider, routed, template)

    @classmethod
    def _tried(cls, lm: dspy.LM, provider: BaseProviderLM, routed: Request, template: Template) -> "Wire | None":
        sent, adapted = provider._build(routed, stream=False)
        other, _ = provider._build(replace(template.asked(AWKWARD).request, model=routed.model), stream=False)
        try:
            wire = cls(lm, template, provider, routed, sent, adapted)
        except NoGap:
            return None
        same = replace(sent, body=wire._body.filled(AWKWARD)) == other
        return wire if same and not _client_side_stop(adapted) else None

    def send(self, text: str) -> Response:
        """The reply to the request of that text."""
        try:
            with error_boundary(self._lm.model, provider=self.provider, unexpected=True):
                return self._read(self._provider._send(replace(self._sent, body=self._body.filled(text))))
        except Exception as error:
            _hint_responses_api(self._lm, error)
            raise

    def _read(self, reply: HttpResponse) -> Response:
        if reply.status >= 400:
            raise self._provider._http_error(reply)
        try:
            response = self._provider.parse_response(self._routed, reply)
        except ProviderError as error:
            _attach_error_metadata(error, reply.headers)
            raise
        return self._provider._finish_response(self._routed, response, self._adapted)
