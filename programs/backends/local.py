"""The embedded model as a DSPy engine: llama.cpp inside this process, through xllamacpp.

The model is loaded by the first call. Engines of the same file and runtime share one server, which batches concurrent
calls and reuses the prefixes that their prompts share.
"""

import os
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dspy.lm15 import InvalidRequestError, NotConfiguredError, Request, Response

from programs.backends.dialect import NO_LOOPS, body, response
from programs.backends.forced import blanks_of, filled
from programs.backends.interruptible import Ask, Server, interrupt_on_ctrl_c
from programs.backends.slots import Slots
from programs.backends.weights import INSTALL, model_file
from programs.errors import UserError


@dataclass(frozen=True)
class Runtime:
    """How the server runs: `context` tokens are the most that one call's prompt and reply take together.

    `threads=0` is one a core. One slot by default: it keeps the prefix that all prompts of a judge share. A server for
    `embedding` gives vectors and writes nothing.
    """

    slots: int = 1
    context: int = 8192
    threads: int = 0
    embedding: bool = False


_servers: dict[tuple[Path, Runtime], Server] = {}
_loading = threading.Lock()


class LocalEngine:
    """A DSPy engine (`complete(Request) -> Response`) over a GGUF file; `path=None` is the embedded model.

    With `prose`, replies are kept from repeating themselves (`dialect.NO_LOOPS`); never for replies with scores.
    """

    supports_response_schema = True
    supported_params = frozenset(
        {"response_format", "logprobs", "top_logprobs", "temperature", "max_tokens", "seed", "stop", "top_p"}
        | {"frequency_penalty", "presence_penalty"}
    )

    def __init__(self, path: Path | None = None, runtime: Runtime = Runtime(), prose: bool = False) -> None:
        self.path = path
        self.runtime = runtime
        self.prose = prose
        interrupt_on_ctrl_c()

    @property
    def slots(self) -> int:
        return self.runtime.slots

    def load(self) -> Server:
        """Loads the model if this process has not yet. Raises UserError where the runtime or the model is missing."""
        with _loading:
            path = self.path or model_file()
            key = (path.resolve(), self.runtime)
            if key not in _servers:
                _servers[key] = start(path, self.runtime)
            return _servers[key]

    def complete(self, request: Request) -> Response:
        """One reply; from any number of threads at once. Raises the errors of `dspy.lm15`."""
        sent = body(request) | (NO_LOOPS if self.prose else {})
        blanks = blanks_of(request)
        try:
            server = self.load()
        except UserError as error:
            raise NotConfiguredError(str(error)) from error
        try:
            if blanks:
                return server.hold(lambda ask: filled(request, blanks, ask))
            return response(request, server.hold(lambda ask: ask(sent)))
        except (ValueError, TypeError) as error:  # llama.cpp's word for a malformed request
            raise InvalidRequestError(str(error)) from error

    def dump_state(self) -> dict[str, Any]:
        return {"path": self.path and str(self.path), "prose": self.prose, "runtime": asdict(self.runtime)}

    @classmethod
    def load_state(cls, state: dict[str, Any]) -> "LocalEngine":
        path = state["path"] and Path(state["path"])
        return cls(path, Runtime(**state["runtime"]), state["prose"])


def start(path: Path, runtime: Runtime) -> Server:
    """Loads the file. Raises UserError where xllamacpp is not installed or does not read it."""
    os.environ.setdefault("OMP_WAIT_POLICY", "active")  # sleeping threads wake slowly between tokens
    try:
        import xllamacpp
    except ImportError as error:
        raise UserError(f"the embedded model needs xllamacpp ({error}): {INSTALL}") from error
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, path, runtime))
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path}: llama.cpp cannot load this model ({error}); is it a complete GGUF file?") from error
    ask = _embedding(server) if runtime.embedding else server.handle_chat_completions
    return Server(ask, Slots(runtime.slots))


def _embedding(server: Any) -> Ask:
    """Vectors come whole: one chunk."""
    return lambda body, hear: hear(server.handle_embeddings(body))


def _parameters(xllamacpp: Any, path: Path, runtime: Runtime) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = runtime.slots
    parameters.n_ctx = runtime.slots * runtime.context
    if runtime.threads:
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = runtime.threads
    parameters.n_batch = 512  # a call can be interrupted between batches
    parameters.cache_ram_mib = 1024  # prompts that left a slot: dozens; by default they come to take 8 GB
    if runtime.embedding:
        parameters.embedding = True
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        parameters.n_batch = parameters.n_ubatch = runtime.context  # a text is pooled within one batch
    parameters.enable_reasoning = 0
    parameters.verbosity = 0  # llama.cpp would fill the terminal
    parameters.api_keys = [secrets.token_hex()]  # the server also listens on a local port, of which we make no use
    parameters.ui = False
    return parameters
