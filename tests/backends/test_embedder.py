"""Embedders as engines: a text in, its vector as JSON out, whatever computes it."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import dspy
import numpy as np
import pytest
from dspy.lm15 import Message, Request, TextPart

from programs.backends.embedder import HostedEmbedder, LocalEmbedder, embed, embedding_model
from programs.errors import UserError


def ask(text: str = "raise anger") -> Request:
    return Request(model="local/m", messages=(Message.user([TextPart(text)]),))


class FakeServer:
    """What xllamacpp's server says to a request for embeddings."""

    said: ClassVar[Any] = {
        "data": [{"embedding": [0.12345678, -1.0]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    asked: ClassVar[list[Any]] = []

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters
        type(self).asked = []

    def handle_chat_completions(self, body: Any, hear: Any) -> None:
        raise AssertionError("a server for embeddings writes nothing")

    def handle_embeddings(self, body: Any) -> Any:
        self.asked.append((body, self.parameters))
        return self.said


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[FakeServer]:
    parameters = lambda: SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=None)  # noqa: E731
    pooling = SimpleNamespace(LLAMA_POOLING_TYPE_MEAN="mean")
    runtime = SimpleNamespace(Server=FakeServer, CommonParams=parameters, llama_pooling_type=pooling)
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", runtime)
    monkeypatch.setattr("programs.backends.local._servers", {})
    return FakeServer


def test_a_local_model_embeds_by_the_mean_of_its_states(server: type[FakeServer], tmp_path: Path) -> None:
    response = LocalEmbedder(tmp_path / "m.gguf").complete(ask())
    assert response.message.text == "[0.123457,-1.0]"
    assert (response.usage.input_tokens, response.usage.output_tokens) == (3, 0)
    ((body, parameters),) = server.asked
    assert body == {"input": "raise anger"}
    assert (parameters.embedding, parameters.pooling_type) == (True, "mean")
    assert parameters.n_ubatch == parameters.n_batch == parameters.n_ctx  # or a longer text would be refused
    again = LocalEmbedder.load_state(LocalEmbedder(tmp_path / "m.gguf").dump_state())
    assert again.complete(ask()) == response


def test_what_llama_cpp_refuses_is_an_error_of_the_lm(
    server: type[FakeServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "said", {"error": {"code": 400, "message": "Input content cannot be empty"}})
    lm = dspy.LM("local/m", engine=LocalEmbedder(tmp_path / "m.gguf"), cache=False, num_retries=0)
    with pytest.raises(dspy.LMError, match="cannot be empty"):
        embed(lm, "raise anger")


def test_a_hosted_embedder_is_dspys(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def compute(model: str, inputs: list[str], **_: Any) -> list[list[float]]:
        asked.append((model, inputs))
        return [[0.5, 0.25]]

    monkeypatch.setattr("dspy.clients.embedding._compute_embeddings", compute)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    lm = embedding_model("openai/text-embedding-3-small", cache=False)
    assert np.array(embed(lm, "raise anger")) == pytest.approx([0.5, 0.25])
    assert asked == [("openai/text-embedding-3-small", ["raise anger"])]
    assert HostedEmbedder.load_state(lm.engine.dump_state()).name == "openai/text-embedding-3-small"


@pytest.mark.parametrize("name", ["", "nowhere/model", "local:/missing.gguf"])
def test_a_name_that_is_none_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", SimpleNamespace(provider_list=["openai"]))  # its import takes seconds
    with pytest.raises(UserError):
        embedding_model(name)
