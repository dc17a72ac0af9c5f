"""A stub server for harnesses that end processes: slow, with several calls in flight, and each reply named after its
request, so that a call log says which requests it holds the replies to."""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fake import DoubtfulEngine
from tests.stub_server import StubServer


class RecordingServer(StubServer):
    """`arrived` counts requests by their name, `last` is when one came. It answers after about `latency` seconds, and
    while `hanging` is set not at all."""

    def __init__(self, latency: float) -> None:
        super().__init__(DoubtfulEngine())
        self.latency = latency
        self.arrived: Counter[str] = Counter()
        self.last = 0.0
        self.hanging = threading.Event()
        self.ended = threading.Event()
        self._counting = threading.Lock()

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        name = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
        with self._counting:
            self.arrived[name] += 1
            self.last = time.monotonic()
        time.sleep(self.latency * (0.5 + int(name[:2], 16) / 256))  # always the same, and not one like another
        while self.hanging.is_set() and not self.ended.wait(0.05):
            pass
        return {**super().reply(body), "id": name}

    def handle_error(self, *_: object) -> None:
        """Silent: clients are killed on purpose."""


@contextmanager
def recording_server(latency: float = 0.02) -> Iterator[RecordingServer]:
    """A running server; its address is `server.url`."""
    with RecordingServer(latency) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
