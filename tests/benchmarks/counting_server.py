"""A lean OpenAI-compatible server on 127.0.0.1 for benchmarks and long studies: it answers as the fake engine does and
only counts.

`counting_server` runs it in a thread, `counting_process` in a process of its own, which a measured client needs: a
server that shares its interpreter, or is built on Python's http.server, measures itself.
"""

import asyncio
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from dspy.lm15 import TokenLogprob, request_from_openai_chat

from tests.fake import DoubtfulEngine, FakeEngine, fields_of, stage_of

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@dataclass
class Seen:
    """What a server was asked: requests, prompt and completion tokens (words) by stage; the most requests that were
    unanswered at once; and when the first came (`time.monotonic`, the same clock in every process)."""

    counts: Counter[str] = field(default_factory=Counter)
    prompt_tokens: Counter[str] = field(default_factory=Counter)
    completion_tokens: Counter[str] = field(default_factory=Counter)
    most_open: int = 0
    first: float | None = None


@dataclass(frozen=True)
class Form:
    """What all requests with one system message have in common."""

    stage: str
    fields: dict[str, tuple[int, ...]]
    words: int


class CountingServer:
    """Keeps no request, so that a million of them need no memory. Every reply waits `latency` seconds."""

    def __init__(self, engine: FakeEngine, latency: float = 0.0) -> None:
        if engine.reply or engine.logprobs:
            raise ValueError("this server calls score and rewrite of the engine only, not its reply and logprobs")
        self.seen = Seen()
        self.url = ""
        self.latency = latency
        self.open = 0
        self.connected: set[asyncio.Transport] = set()
        self.end: Callable[[], object] = lambda: None
        self._engine = engine
        self._forms: dict[tuple[str, bytes], Form] = {}

    @property
    def counts(self) -> Counter[str]:
        """Requests by stage."""
        return self.seen.counts

    async def serve(self, ready: threading.Event) -> None:
        """Until `end` is called, from whatever thread."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.end = partial(loop.call_soon_threadsafe, ended.set)
        server = await loop.create_server(lambda: Connection(self, loop), "127.0.0.1", 0, backlog=512)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        ready.set()
        await ended.wait()
        server.close()
        for transport in tuple(self.connected):
            transport.abort()
        await asyncio.sleep(0)  # they close in the loop's next round

    def reply(self, body: bytes) -> bytes:
        """The reply to a chat completion, counted."""
        asked = orjson.loads(body)
        system, user = (_text(message["content"]) for message in (asked["messages"][0], asked["messages"][-1]))
        form = self._form(system, asked)
        text = self._engine.text(form.stage, system, user, form.fields)
        tokens = self._engine.tokens(text) if asked.get("logprobs") else None
        return _completion(asked["model"], text, tokens, self._count(form, user, text))

    def _form(self, system: str, asked: dict[str, Any]) -> Form:
        key = (system, orjson.dumps(asked.get("response_format")))
        if key not in self._forms:
            if len(self._forms) > 10_000:
                self._forms.clear()
            request = request_from_openai_chat(asked)
            self._forms[key] = Form(stage_of(request), fields_of(request), len(system.split()))
        return self._forms[key]

    def _count(self, form: Form, user: str, text: str) -> dict[str, int]:
        prompt, completion = form.words + len(user.split()), len(text.split())
        self.seen.counts[form.stage] += 1
        self.seen.prompt_tokens[form.stage] += prompt
        self.seen.completion_tokens[form.stage] += completion
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


class Connection(asyncio.Protocol):
    """One client's connection: a request, its reply, the next request."""

    def __init__(self, server: CountingServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.loop = loop
        self.heard = b""

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport
        self.server.connected.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connected.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, found, rest = self.heard.partition(b"\r\n\r\n")
        if not found or len(rest) < (length := _length(head)):
            return
        self.heard = rest[length:]
        seen = self.server.seen
        if seen.first is None:
            seen.first = time.monotonic()
        self.server.open += 1
        seen.most_open = max(seen.most_open, self.server.open)
        self.loop.call_later(self.server.latency, self._send, self.server.reply(rest[:length]))

    def _send(self, reply: bytes) -> None:
        self.server.open -= 1
        if not self.transport.is_closing():
            self.transport.write((HEAD % len(reply)).encode() + reply)


def _length(head: bytes) -> int:
    low = head.lower()
    start = low.index(b"content-length:") + 15
    return int(low[start:].partition(b"\r\n")[0])


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _completion(model: str, text: str, tokens: tuple[TokenLogprob, ...] | None, usage: dict[str, int]) -> bytes:
    """A reply in the form of the chat completions API."""
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if tokens is not None:
        choice["logprobs"] = {"content": [_token(token) for token in tokens]}
    whole = {"id": "stub", "object": "chat.completion", "created": 0, "model": model, "choices": [choice]}
    return orjson.dumps({**whole, "usage": usage})


def _token(token: TokenLogprob) -> dict[str, Any]:
    top = [{"token": each.token, "logprob": each.logprob, "bytes": None} for each in token.top]
    return {"token": token.token, "logprob": token.logprob, "bytes": None, "top_logprobs": top}


@contextmanager
def counting_server(engine: FakeEngine | None = None, latency: float = 0.0) -> Iterator[CountingServer]:
    """A running server in a thread; its address is `server.url`."""
    server, ready = CountingServer(engine or FakeEngine(), latency), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(ready)), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        server.end()
        thread.join()


@dataclass(frozen=True)
class Remote:
    """A server in a process of its own."""

    url: str
    _ask: Callable[[str], Any]

    def seen(self) -> Seen:
        """What it was asked since the last time, which begins anew with this."""
        return self._ask("seen")


@contextmanager
def counting_process(latency: float = 0.0, *, doubtful: bool = False) -> Iterator[Remote]:
    """A running server in a process of its own. A `doubtful` one gives token probabilities where they are asked for."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, latency, doubtful), daemon=True)
    process.start()

    def ask(word: str) -> Any:
        here.send(word)
        return here.recv()

    try:
        yield Remote(here.recv(), ask)
    finally:
        here.send("end")
        process.join()


def _serve(pipe: Any, latency: float, doubtful: bool) -> None:
    with counting_server(DoubtfulEngine() if doubtful else FakeEngine(), latency) as server:
        pipe.send(server.url)
        while pipe.recv() == "seen":
            seen, server.seen = server.seen, Seen()
            pipe.send(seen)
