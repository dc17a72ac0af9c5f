"""Time, and waiting that an end of the run cuts short. Tests have a clock that waits for nothing."""

import threading
import time
from contextvars import ContextVar

STOPPING: ContextVar[threading.Event | None] = ContextVar("stopping", default=None)
"""Set when the calls around the current one are to end: by a failure among them, or by Ctrl-C. None where none are."""


class Clock:
    """Real time."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def rest(self, seconds: float) -> None:
        """Waits so long, or until the calls around this one are to end."""
        (STOPPING.get() or threading.Event()).wait(seconds)


def stopping() -> bool:
    """Whether the calls around the current one are to end, so that nothing new may be sent."""
    event = STOPPING.get()
    return event is not None and event.is_set()
