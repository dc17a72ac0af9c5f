"""What it took to judge some rows: the token usage of their requests, whoever has paid for them, and when.

Unlike the tallies of a session it holds replayed and borrowed answers too, with the usage that they had when they were
sent: so a judge's tokens a row are known whatever was known before. How much of a prompt a server found in its cache
depends on what it was asked just before; hence this stands in timing.json.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from programs.records.budget import USAGE
from programs.records.lines import Answer

REPLIED = ("input_tokens", "output_tokens", "cache_read_tokens")
"""What a reply itself calls `USAGE`: one out of DSPy's cache was paid for elsewhere and has no other."""


@dataclass
class Served:
    """The distinct requests that were answered in a context, by key. Thread-safe."""

    usage: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, key: str, answer: Answer) -> None:
        with self._lock:
            self.usage[key] = answer.usage or _as_replied(answer)

    def totals(self) -> dict[str, int]:
        """`calls` and the tokens of `USAGE`."""
        tokens = {name: sum(each.get(name, 0) for each in self.usage.values()) for name in USAGE}
        return {"calls": len(self.usage), **tokens}


_watching: ContextVar[Served | None] = ContextVar("watching", default=None)


@contextmanager
def watched(served: Served) -> Iterator[None]:
    """While the block runs, and in what it begins in the background, every answer is added to `served`."""
    token = _watching.set(served)
    try:
        yield
    finally:
        _watching.reset(token)


def answered(key: str, answer: Answer) -> None:
    """To be told of every answer, known or sent for."""
    served = _watching.get()
    if served is not None:
        served.add(key, answer)


def _as_replied(answer: Answer) -> dict[str, int]:
    usage = answer.reply.get("usage") or {}
    return {name: usage.get(replied) or 0 for name, replied in zip(USAGE, REPLIED, strict=True)}
