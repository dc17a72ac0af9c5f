"""A server in bad weather: it answers as the stub server does, but fails a share of the requests in every known way.

Which request fails, and how, follows from a seed, the request's body and how often it has come: the same in any order
of arrival. The server notes every request and what it said, so that a harness can compare what a program made of it.
"""

import json
import random
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dspy.lm15 import request_from_openai_chat

from tests.fake import FakeEngine, fields_of, stage_of
from tests.stub_server import completion

REFUSED = ("429", "500", "503", "503, come back")
BROKEN = ("dropped", "half a body", "no JSON", "no reply")
NO_SCORE = ("empty", "truncated", "malformed", "NaN", "off the scale", "prose only", "refusal", "two answers")
HARMLESS = ("slow", "prose around")
KINDS = (*REFUSED, *BROKEN, *NO_SCORE, *HARMLESS)
"""The faults. Those of NO_SCORE are whole replies, paid for, of which no criterion may get a score."""

RETRYABLE = (*REFUSED, *BROKEN)
Prompt = tuple[str, str, int | None]
"""System, last message, seed."""

Said = Mapping[str, Any]
"""Criterion -> what a reply validly says of it."""


@dataclass(frozen=True)
class Seen:
    """One request: its prompt, its role, how it was answered, when it came and when it was answered, for how long it
    was told to wait, and what the reply said (None where there was no reply)."""

    prompt: Prompt
    role: str
    kind: str
    came: float
    left: float
    wait: float | None
    said: Said | None


@dataclass
class Weather:
    """What fails: a share of the requests, of these kinds, of these roles (all where empty).

    `hang` are the seconds for which "no reply" says nothing, `wait` what a refusal asks for, `per_second` how many
    requests are taken (the others are refused with 429), None for all.
    """

    share: float = 0.2
    kinds: Sequence[str] = KINDS
    roles: Sequence[str] = ()
    seed: int = 0
    hang: float = 3.0
    wait: float = 1.0
    per_second: int | None = None

    def kind(self, role: str, prompt: Prompt, attempt: int) -> str:
        """How a request is answered; "fine" is no fault."""
        chance = random.Random(f"{self.seed}|{attempt}|{prompt}")
        if (self.roles and role not in self.roles) or chance.random() >= self.share:
            return "fine"
        return chance.choice(self.kinds)


class FaultyServer(ThreadingHTTPServer):
    """`seen` holds every request that was answered or failed on purpose. With `down` set, connections are closed
    unanswered, as by a process that is gone; with `mute`, they are kept and nothing is answered."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, weather: Weather, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.weather = weather
        self.engine = FakeEngine()
        self.seen: list[Seen] = []
        self.down = threading.Event()
        self.mute = threading.Event()
        self._attempts: Counter[Prompt] = Counter()
        self._seconds: Counter[int] = Counter()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def attempt(self, prompt: Prompt) -> int:
        with self._lock:
            self._attempts[prompt] += 1
            return self._attempts[prompt]

    def too_many(self) -> float | None:
        """The seconds to wait where this second's requests are used up."""
        if self.weather.per_second is None:
            return None
        now = time.monotonic()
        with self._lock:
            self._seconds[int(now)] += 1
            return None if self._seconds[int(now)] <= self.weather.per_second else int(now) + 1 - now

    def note(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)

    def kinds(self) -> Counter[str]:
        return Counter(each.kind for each in self.seen)

    def by_prompt(self) -> dict[Prompt, list[Seen]]:
        """The requests of each prompt, in the order in which they came."""
        found: dict[Prompt, list[Seen]] = defaultdict(list)
        for each in sorted(self.seen, key=lambda seen: seen.came):
            found[each.prompt].append(each)
        return found

    def handle_error(self, *_: object) -> None:
        """Silent: clients that leave are a part of the weather."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: FaultyServer

    def do_POST(self) -> None:
        came = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._out_of_order():
            return self._drop()
        request = request_from_openai_chat(body)
        role, prompt = stage_of(request), prompt_of(body)
        if (wait := self.server.too_many()) is not None:
            return self._refuse("429, too many", role, prompt, came, 429, wait)
        kind = self.server.weather.kind(role, prompt, self.server.attempt(prompt))
        if kind in REFUSED:
            wait = self.server.weather.wait if kind in ("429", "503, come back") else None
            return self._refuse(kind, role, prompt, came, int(kind[:3]), wait)
        content = completion(self.server.engine.complete(request))
        text, said = spoiled(kind, content["choices"][0]["message"]["content"], list(fields_of(request)))
        content["choices"][0]["message"]["content"] = text
        if kind == "truncated":
            content["choices"][0]["finish_reason"] = "length"
        if kind == "refusal":
            content["choices"][0]["message"]["refusal"] = "I cannot judge this."
        self.server.note(Seen(prompt, role, kind, came, time.monotonic(), None, None if kind in BROKEN else said))
        return self._answer(kind, json.dumps(content).encode())

    def do_GET(self) -> None:
        if not self._out_of_order():
            self._send(404, b"{}")

    def _out_of_order(self) -> bool:
        """Whether nothing is to be answered; a mute server keeps its client waiting first."""
        silent = self.server.mute.is_set()
        while self.server.mute.is_set():
            time.sleep(0.05)
        return silent or self.server.down.is_set()

    def _answer(self, kind: str, data: bytes) -> None:
        if kind == "dropped":
            return self._drop()
        if kind == "no reply":
            time.sleep(self.server.weather.hang)
            return self._drop()
        if kind == "slow":
            time.sleep(min(0.5, self.server.weather.hang / 4))
        if kind == "no JSON":
            data = b"<html>Bad gateway</html>"
        self._send(200, data, len(data) if kind != "half a body" else 2 * len(data))
        if kind == "half a body":
            self.wfile.flush()
            return self._drop()
        return None

    def _refuse(self, kind: str, role: str, prompt: Prompt, came: float, status: int, wait: float | None) -> None:
        self.server.note(Seen(prompt, role, kind, came, time.monotonic(), wait, None))
        error = {"error": {"message": f"stub: {kind}", "type": "stub"}}
        self._send(status, json.dumps(error).encode(), wait=wait)

    def _send(self, status: int, data: bytes, length: int | None = None, wait: float | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data) if length is None else length))
        if wait is not None:
            self.send_header("Retry-After", f"{wait:.3f}")
        self.end_headers()
        self.wfile.write(data)

    def _drop(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Silent."""


def prompt_of(body: Mapping[str, Any]) -> Prompt:
    """What tells a request from others."""
    system = next((message["content"] for message in body["messages"] if message["role"] == "system"), "")
    return _text(system), _text(body["messages"][-1]["content"]), body.get("seed")


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def spoiled(kind: str, text: str, names: Sequence[str]) -> tuple[str, Said]:
    """The reply with a fault of that kind, and what it still says validly. A text without fields says nothing."""
    try:
        values = json.loads(text)
    except ValueError:
        values = dict.fromkeys(names)
    if kind == "prose around":
        return f"Let me think.\n{text}\nI hope this helps.", values
    if kind not in NO_SCORE:
        return text, values
    first = next(iter(values), "")
    worse = {
        "empty": "",
        "truncated": text[: max(len(text) - 3, 1)],
        "malformed": text.replace(":", "=", 1).replace('"', "", 1),
        "NaN": json.dumps(dict.fromkeys(values, float("nan"))),
        "off the scale": json.dumps(dict.fromkeys(values, 9)),
        "prose only": "It is quite good, I would give it a 2 or a 3.",
        "refusal": "",
        "two answers": f"{text} or rather {json.dumps({name: _other(value) for name, value in values.items()})}",
    }
    return (worse[kind] if first or kind in ("empty", "refusal", "prose only") else text), {}


def _other(value: Any) -> Any:
    return value - 1 if isinstance(value, int) and value > 1 else 2 if isinstance(value, int) else f"not {value}"


@contextmanager
def faulty_server(weather: Weather | None = None, port: int = 0) -> Iterator[FaultyServer]:
    """A running server; its address is `server.url`."""
    with FaultyServer(weather or Weather(), port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
