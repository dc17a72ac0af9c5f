"""How long the judges of a confirmation took a row, over all its sessions."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from programs.confirming.panel import Side
from programs.errors import UserError
from programs.records.folder import read_json, write_json

Taken = dict[str, tuple[float, int]]
"""What a judge asks -> the seconds in which it was asked, and the calls that were sent in them."""


class Pace:
    """Wall-clock seconds, kept in `file`: what was known already takes none, and has those of who asked it first."""

    def __init__(self, file: Path, sent: Callable[[], int]) -> None:
        self._file = file
        self._sent = sent
        self._taken = _read(file)

    @contextmanager
    def of(self, side: Side) -> Iterator[None]:
        """Times the block, in which the side's judge is asked; however it ends, the file says so."""
        begun, before = time.monotonic(), self._sent()
        try:
            yield
        finally:
            if sent := self._sent() - before:
                seconds, calls = self._taken.get(side.asks, (0.0, 0))
                self._taken[side.asks] = (seconds + time.monotonic() - begun, calls + sent)
                write_json(self._file, self._taken)

    def a_row(self, side: Side) -> float | None:
        """Seconds a row; None where nothing was sent for what the side asks."""
        seconds, calls = self._taken.get(side.asks, (0.0, 0))
        return side.judge.calls_per_row * seconds / calls if calls else None


def _read(file: Path) -> Taken:
    try:
        return {str(key): (float(seconds), int(calls)) for key, (seconds, calls) in read_json(file).items()}
    except (UserError, TypeError, ValueError, AttributeError):  # none yet, or damaged: it is written anew
        return {}
