"""Embedders as DSPy engines: the reply to a text is its vector as JSON. So it is logged, counted and replayed like
every other reply of a run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import orjson
from dspy.clients.engines.litellm_errors import litellm_errors
from dspy.lm15 import Message, NotConfiguredError, Request, Response, TextPart, Usage

from programs.backends.dialect import refuse_errors
from programs.backends.local import LocalEngine, Runtime
from programs.backends.names import language_model
from programs.errors import UserError

DIGITS = 6
"""Decimals of a vector's numbers: cosines of unit vectors are then right to five."""

EMBEDDING = Runtime(context=2048, embedding=True)
"""A server of its own, since one in embedding mode writes nothing. Both read the same file, so it is in memory once."""


class LocalEmbedder(LocalEngine):
    """The mean of a local model's last hidden states over the text's tokens, as a unit vector (llama.cpp).

    Any GGUF file will do; the embedded model was trained to write and not to embed.
    """

    def __init__(self, path: Path | None = None, runtime: Runtime = EMBEDDING, prose: bool = False) -> None:
        super().__init__(path, replace(runtime, embedding=True), prose)

    def complete(self, request: Request) -> Response:
        """The vector of the request's last message. Raises the errors of `dspy.lm15`."""
        try:
            server = self.load()
        except UserError as error:
            raise NotConfiguredError(str(error)) from error
        (found,) = server.hold(lambda ask: ask({"input": _text(request)}))
        refuse_errors([found])
        return _response(request, found["data"][0]["embedding"], found["usage"]["prompt_tokens"])


class HostedEmbedder:
    """`dspy.Embedder` behind a name such as `openai/text-embedding-3-small`; tokens are not known of it."""

    supported_params = frozenset({"temperature", "max_tokens"})

    def __init__(self, name: str) -> None:
        self.name = name

    def complete(self, request: Request) -> Response:
        """The vector of the request's last message. Raises the errors of `dspy.lm15`."""
        with litellm_errors(model=self.name):
            vector = dspy.Embedder(self.name, caching=False)(_text(request))
        return _response(request, vector.tolist(), None)

    def dump_state(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def load_state(cls, state: dict[str, Any]) -> "HostedEmbedder":
        return cls(**state)


def embedding_model(name: str, *, num_retries: int = 3, cache: bool = True) -> dspy.LM:
    """The embedder of that name as a `dspy.LM`: `local`, `local:/path/model.gguf`, or a name that LiteLLM embeds by.

    Raises UserError as `language_model` does.
    """
    base = language_model(name)
    engine: Any = HostedEmbedder(base.model)
    if isinstance(base.engine, LocalEngine):
        engine = LocalEmbedder(base.engine.path)
    return dspy.LM(f"{base.model}", engine=engine, cache=cache, num_retries=num_retries)


def embed(lm: dspy.LM, text: str) -> list[float]:
    """The vector that an embedder's LM replies with. Raises `dspy.LMError`."""
    request = Request(model=lm.model, messages=(Message.user([TextPart(text)]),))
    found: list[float] = orjson.loads(lm(request).message.text or "[]")
    return found


def _text(request: Request) -> str:
    return request.messages[-1].text or ""


def _response(request: Request, vector: list[float], tokens: int | None) -> Response:
    text = orjson.dumps([round(value, DIGITS) for value in vector]).decode()
    usage = Usage(input_tokens=tokens, output_tokens=0, total_tokens=tokens)
    return Response(None, request.model, Message.assistant([TextPart(text)]), "stop", usage)
