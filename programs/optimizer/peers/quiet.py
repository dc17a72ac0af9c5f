"""Silence around code that prints, logs and draws progress bars as it likes."""

import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_users = 0
_saved: list = []


@contextmanager
def quiet() -> Iterator[None]:
    """No output of `print`, progress bars, DSPy's and GEPA's loggers or warnings. Screens made before keep theirs.

    Several threads may be inside: the first silences, the last gives back.
    """
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            _silence()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _restore()


def _silence() -> None:
    logger = logging.getLogger("dspy")
    _saved[:] = [sys.stdout, sys.stderr, logger.level, list(warnings.filters)]
    sys.stdout, sys.stderr = _Sink(), _Sink()
    logger.setLevel(logging.CRITICAL + 1)
    warnings.simplefilter("ignore")


def _restore() -> None:
    sys.stdout, sys.stderr, level, filters = _saved
    logging.getLogger("dspy").setLevel(level)
    warnings.filters[:] = filters  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]  # as catch_warnings does, which is for one thread


class _Sink(io.TextIOBase):
    """Takes everything and keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)
