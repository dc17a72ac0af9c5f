"""A server on 127.0.0.1 that fails in several ways, and repeats in its error all that it knows of the request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from dspy.lm15 import request_from_openai_chat

from tests.fake import FakeEngine
from tests.stub_server import StubServer, _Handler, completion

FAILURES = ("401", "500", "error in a reply", "no JSON")
"""What `mode` may be besides "answers"."""


class EchoServer(StubServer):
    """Answers as the stub does, or fails in the way that `mode` says, repeating all that it knows of the request."""

    mode = "answers"

    def __init__(self) -> None:
        super().__init__(FakeEngine())
        self.RequestHandlerClass = _Echo
        self.told: list[str] = []


class _Echo(_Handler):
    server: EchoServer

    def do_POST(self) -> None:  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        told = f"refused {self.path} {dict(self.headers)}; Incorrect API key provided: {self.headers['Authorization']}"
        self.server.told.append(told)
        if self.server.mode == "answers":
            self._send(200, completion(self.server.engine.complete(request_from_openai_chat(body))))
        elif self.server.mode == "no JSON":
            self._answer(502, told.encode())
        else:
            status = 200 if self.server.mode == "error in a reply" else int(self.server.mode)
            self._send(status, {"error": {"message": told, "type": "echo", "param": told, "code": "echo"}})

    def do_GET(self) -> None:  # noqa: N802
        self._answer(401, f"refused {self.path} {dict(self.headers)}".encode())

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def echo_server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
