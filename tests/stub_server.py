"""A small OpenAI-compatible server on 127.0.0.1 that answers as the fake engine does, for tests of the HTTP path."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dspy.lm15 import ContextLengthError, Response, TokenLogprob, request_from_openai_chat

from tests.fake import FakeEngine


class StubServer(ThreadingHTTPServer):
    """Counts requests and keeps their bodies; `status` other than 200 is answered as an error."""

    daemon_threads = True
    request_queue_size = 128  # 5 by default: on a busy machine more calls than that connect at once, and hang

    def __init__(self, engine: FakeEngine | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = engine or FakeEngine()
        self.paths: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.status = 200

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        """What a request is answered."""
        return completion(self.engine.complete(request_from_openai_chat(body)))

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: else each reply waits 40 ms for the client's acknowledgement
    server: StubServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.paths.append(self.path)
        self.server.keys.append(self.headers.get("Authorization"))
        if self.server.status != 200:
            self._send(self.server.status, {"error": {"message": "the stub fails", "type": "stub"}})
            return
        try:
            reply = self.server.reply(body)
        except ContextLengthError as error:
            refusal = {"message": str(error), "type": "invalid_request_error", "code": "context_length_exceeded"}
            self._send(400, {"error": refusal})
            return
        self._send(200, reply)

    def _send(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Silent."""


def completion(response: Response) -> dict[str, Any]:
    """A response in the form of the chat completions API."""
    usage = response.usage
    return {
        "id": "stub",
        "object": "chat.completion",
        "created": 0,
        "model": response.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": response.message.text},
                "finish_reason": "stop",
                **({"logprobs": {"content": list(map(_token, response.logprobs))}} if response.logprobs else {}),
            }
        ],
        "usage": {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
        },
    }


def _token(token: TokenLogprob) -> dict[str, Any]:
    top = [{"token": each.token, "logprob": each.logprob, "bytes": None} for each in token.top]
    return {"token": token.token, "logprob": token.logprob, "bytes": None, "top_logprobs": top}


@contextmanager
def stub_server(engine: FakeEngine | None = None) -> Iterator[StubServer]:
    """A running server; its address is `server.url`."""
    with StubServer(engine or FakeEngine()) as server, serving(server):
        yield server


@contextmanager
def serving(server: StubServer) -> Iterator[None]:
    """While it lasts, the server answers."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
