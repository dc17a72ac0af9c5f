"""The LM that DSPy's optimizers write their proposals with: every question goes through the bench."""

from typing import Any

import dspy
from dspy.clients.backend_selection import CLIENT_KEYS
from dspy.lm15 import Request, Response

from programs.optimizer.peers.bench import Bench


class ProposalEngine:
    """A DSPy engine whose answers come from the bench, so that they are counted, logged and replayed."""

    def __init__(self, bench: Bench, lm: dspy.LM) -> None:
        self.bench = bench
        self.supports_response_schema = lm.supports_response_schema
        self.supported_params = lm.supported_params

    def complete(self, request: Request) -> Response:
        return self.bench.ask(request)


def proposal_lm(bench: Bench, lm: dspy.LM) -> dspy.LM:
    """An LM like `lm`, the run's for the role `rewrite`, that asks through the bench. Its retries are the inner's."""
    options: dict[str, Any] = {name: value for name, value in lm.kwargs.items() if name not in CLIENT_KEYS}
    return dspy.LM(lm.model, engine=ProposalEngine(bench, lm), cache=False, num_retries=0, **options)
