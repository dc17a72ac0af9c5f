"""A server's free slots, given to calls in the order in which they came."""

import threading
from collections import deque
from typing import Any


class Slots:
    """A semaphore without barging: a call that comes while others wait waits behind them. Calls that follow each other
    on purpose, to reuse what the slot has read, are then not parted by whoever comes at the right moment."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            given = threading.Event()
            self._waiting.append(given)
        given.wait()

    def __exit__(self, *_: Any) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
