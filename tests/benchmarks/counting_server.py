"""A lean OpenAI-compatible server on 127.0.0.1 for long studies: it answers as the fake engine does and only counts."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from dspy.lm15 import request_from_openai_chat

from tests.fake import FakeEngine, stage_of
from tests.stub_server import completion


class CountingServer:
    """Requests by stage. Keeps no request, so that a million of them need no memory."""

    def __init__(self, engine: FakeEngine) -> None:
        self.counts: Counter[str] = Counter()
        self.url = ""
        self.end: Callable[[], object] = lambda: None
        self._engine = engine

    async def serve(self, ready: threading.Event) -> None:
        """Until `end` is called, from whatever thread."""
        ended = asyncio.Event()
        self.end = partial(asyncio.get_running_loop().call_soon_threadsafe, ended.set)
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        ready.set()
        await ended.wait()
        server.close()  # what is still connected ends with the loop

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
                reply = self._reply(await reader.readexactly(int(length.partition(b":")[2])))
                top = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(reply)}\r\n\r\n"
                writer.write(top.encode() + reply)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    def _reply(self, body: bytes) -> bytes:
        request = request_from_openai_chat(json.loads(body))
        self.counts[stage_of(request)] += 1
        response = self._engine.complete(request)
        self._engine.asked.clear()
        return json.dumps(completion(response)).encode()


@contextmanager
def counting_server(engine: FakeEngine | None = None) -> Iterator[CountingServer]:
    """A running server; its address is `server.url`."""
    server, ready = CountingServer(engine or FakeEngine()), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(ready)), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        server.end()
        thread.join()
