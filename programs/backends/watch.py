"""Looks after a server that keeps requests and says nothing: is it thinking, or gone?

A client cannot tell. A big model may take minutes for a reply, which is paid for, so that a short time-out would be
wrong; and a server that hangs would hold a run for as long as a long one lasts. So a server that says nothing for a
while is asked for its list of models, which costs nothing and which servers give while they think.
"""

import socket
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException

import dspy

QUIET = 20.0
"""Seconds without a word, while it holds requests, after which a server is asked."""

LOOK_EVERY, PATIENCE = 2.0, 8.0
"""Seconds between two looks, and those that a server has for its list of models."""


def is_there(address: str) -> bool:
    """Whether anything at all comes back from an HTTP server; a refusal will do. No key is sent."""
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/models", timeout=PATIENCE):
            return True
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)
    except TimeoutError:
        return False
    except (HTTPException, OSError, ValueError):
        return True


def hang_up(lm: dspy.LM) -> None:
    """Ends the requests that an LM's connections wait for, each with an error there. DSPy has no public way."""
    for engine in list(getattr(lm, "_engine_store", {}).values()):
        pool = getattr(getattr(getattr(engine, "router", None), "_transport", None), "_pool", None)
        for connection in list(getattr(pool, "_in_use", ())):
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended by itself


def say(line: str) -> None:
    """A line for the person who waits."""
    print(line, file=sys.stderr, flush=True)


class Watch:
    """A thread that looks, while there are requests, at how long nothing was heard; it ends when there are none.

    `silence` gives the seconds for which requests have waited without a word, None where none wait; `gone` is called
    when the server does not answer either.
    """

    def __init__(
        self,
        address: str,
        silence: Callable[[], float | None],
        gone: Callable[[], None],
        asks: Callable[[str], bool] = is_there,
    ) -> None:
        self._address = address
        self._silence = silence
        self._gone = gone
        self._asks = asks
        self._lock = threading.Lock()
        self._running = False
        self._told = False

    def begin(self) -> None:
        """Looks from now on, where it does not yet."""
        with self._lock:
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._look_on, name="watch", daemon=True).start()

    def look(self) -> bool:
        """One look. Returns whether to go on."""
        with self._lock:
            silence = self._silence()
            if silence is None:
                self._running = False
                return False
        if silence < QUIET:
            self._told = False
        elif self._asks(self._address):
            self._tell(silence)
        elif (self._silence() or 0.0) >= silence:  # nothing was heard in the meantime
            self._gone()
            return False
        return True

    def _tell(self, silence: float) -> None:
        if not self._told:
            say(f"no reply from {self._address} for {silence:.0f} s, but it is there: waiting on")
        self._told = True

    def _look_on(self) -> None:
        pause = threading.Event()
        while self.look():
            pause.wait(LOOK_EVERY)
