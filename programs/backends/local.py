"""The embedded model as a DSPy engine: llama.cpp inside this process, through xllamacpp.

The model is loaded by the first call. Engines of the same file and runtime share one server, which batches concurrent
calls and reuses the prefixes that their prompts share.
"""

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from dspy.lm15 import InvalidRequestError, NotConfiguredError, Request, Response

from programs.backends.dialect import body, response
from programs.backends.weights import INSTALL, model_file
from programs.errors import UserError

Chunk = dict[str, Any]
Ask = Callable[[dict[str, Any], Callable[[Chunk], bool]], object]
"""A request's body and who hears its chunks; hearing `True` ends the reply."""


GRACE = 1.0
"""Seconds after Ctrl-C in which other threads than the main one start no new call, and which the main one waits."""


@dataclass(frozen=True)
class Runtime:
    """How the server runs: `context` tokens are the most that one call's prompt and reply take together.

    `threads=0` is one a core. One slot by default: on a CPU it keeps every shared prefix and is the fastest.
    """

    slots: int = 1
    context: int = 8192
    threads: int = 0


@dataclass(eq=False)
class Call:
    """One call in flight: what it heard so far, and whether anyone still waits for it."""

    chunks: list[Chunk] = field(default_factory=list)
    abandoned: bool = False

    def hear(self, chunk: Chunk) -> bool:
        self.chunks.append(chunk)
        return self.abandoned


@dataclass(frozen=True)
class Server:
    """A loaded model and its free slots. Calls wait here for a slot, where they can be told to give up."""

    ask: Ask
    slots: threading.Semaphore

    def run(self, sent: dict[str, Any], call: Call) -> None:
        """One call in a slot; KeyboardInterrupt where it was interrupted.

        The main thread's call runs in a thread of its own: signals are not handled while native code runs, and what
        their handler raises inside a callback is lost.
        """
        if threading.current_thread() is not threading.main_thread():
            self._run(sent, call)
            return
        ended: Future[None] = Future()
        try:
            threading.Thread(target=self._run_for, args=(ended, sent, call), daemon=True).start()
            while not ended.done():
                wait([ended], timeout=0.2)  # a signal that comes just before an endless wait would not end it
        except KeyboardInterrupt:
            call.abandoned = True
            wait([ended], timeout=GRACE)  # rather not leave the process in the middle of native code
            raise
        ended.result()

    def _run_for(self, ended: "Future[None]", sent: dict[str, Any], call: Call) -> None:
        try:
            self._run(sent, call)
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(None)

    def _run(self, sent: dict[str, Any], call: Call) -> None:
        with self.slots:
            if not call.abandoned:
                self.ask(sent, call.hear)


_servers: dict[tuple[Path, Runtime], Server] = {}
_loading = threading.Lock()
_calls: set[Call] = set()
_last_interrupt = float("-inf")


class LocalEngine:
    """A DSPy engine (`complete(Request) -> Response`) over a GGUF file; `path=None` is the embedded model."""

    supports_response_schema = True
    supported_params = frozenset(
        {"response_format", "logprobs", "top_logprobs", "temperature", "max_tokens", "seed", "stop", "top_p"}
        | {"frequency_penalty", "presence_penalty"}
    )

    def __init__(self, path: Path | None = None, runtime: Runtime = Runtime()) -> None:
        self.path = path
        self.runtime = runtime
        _stop_calls_on_interrupt()

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
        sent = body(request)
        try:
            server = self.load()
        except UserError as error:
            raise NotConfiguredError(str(error)) from error
        call = Call()
        _calls.add(call)
        try:
            _refuse_after_interrupt()
            server.run(sent, call)
        except (ValueError, TypeError) as error:  # llama.cpp's word for a malformed request
            raise InvalidRequestError(str(error)) from error
        finally:
            interrupted, call.abandoned = call.abandoned, True
            _calls.discard(call)
        if interrupted:
            raise KeyboardInterrupt
        return response(request, call.chunks)

    def dump_state(self) -> dict[str, Any]:
        return {"path": self.path and str(self.path), **asdict(self.runtime)}

    @classmethod
    def load_state(cls, state: dict[str, Any]) -> "LocalEngine":
        path = state["path"] and Path(state["path"])
        return cls(path, Runtime(**{name: value for name, value in state.items() if name != "path"}))


def interrupt() -> None:
    """Ends all calls in flight at their next token; each raises KeyboardInterrupt in the thread that made it."""
    global _last_interrupt
    _last_interrupt = time.monotonic()
    for call in tuple(_calls):
        call.abandoned = True


def _refuse_after_interrupt() -> None:
    """A pool's threads go on to its next item before the main thread has cancelled the rest."""
    worker = threading.current_thread() is not threading.main_thread()
    if worker and time.monotonic() - _last_interrupt < GRACE:
        raise KeyboardInterrupt


def start(path: Path, runtime: Runtime) -> Server:
    """Loads the file. Raises UserError where xllamacpp is not installed or does not read it."""
    os.environ.setdefault("OMP_WAIT_POLICY", "active")  # sleeping threads cost a third of the speed on 2 cores
    try:
        import xllamacpp
    except ImportError as error:
        raise UserError(f"the embedded model needs xllamacpp ({error}): {INSTALL}") from error
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, path, runtime))
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path}: llama.cpp cannot load this model ({error}); is it a complete GGUF file?") from error
    return Server(server.handle_chat_completions, threading.Semaphore(runtime.slots))


def _parameters(xllamacpp: Any, path: Path, runtime: Runtime) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = runtime.slots
    parameters.n_ctx = runtime.slots * runtime.context
    if runtime.threads:
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = runtime.threads
    parameters.n_batch = 512  # a call can be interrupted between batches
    parameters.enable_reasoning = 0
    parameters.verbosity = 0  # llama.cpp would fill the terminal
    parameters.api_keys = [secrets.token_hex()]  # the server also listens on a local port, of which we make no use
    parameters.ui = False
    return parameters


def _stop_calls_on_interrupt() -> None:
    """Lets Ctrl-C end the calls in flight first, which would otherwise keep their threads until the last token."""
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        return
    if getattr(previous, "stops_calls", False):
        return

    def stop_calls(number: int, frame: FrameType | None) -> None:
        interrupt()
        previous(number, frame)

    stop_calls.stops_calls = True  # type: ignore[attr-defined]
    signal.signal(signal.SIGINT, stop_calls)
