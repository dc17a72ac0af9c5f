"""What every command does around its one call: exit codes, and no traceback for what the user can mend."""

import errno
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from programs.errors import CannotWrite, UserError
from programs.failures import failure_line, lm_failure_line, masked_traceback, without_secrets

BAD_INPUT, LM_FAILURE, INTERRUPTED, TERMINATED = 2, 3, 130, 143

REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
"""What the system says of a file that it does not let be written or read."""

PRINTED = "what this command prints"


_terminated = threading.Event()
"""Set by SIGTERM, by which services and containers are stopped: it does what Ctrl-C does, with its own exit code."""


def run(command: Callable[[Sequence[str]], int | None]) -> None:
    """Runs `command(arguments)` and exits: 0, 2 for bad input, 3 when the LMs failed for good, 130 after Ctrl-C, 143
    after SIGTERM."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "true")  # else a download on first use
    logging.getLogger("dspy").setLevel(logging.ERROR)
    with _sigterm_heard():
        code = _flushed(_code(command))
        if code in (INTERRUPTED, TERMINATED) and _call_hangs():
            os._exit(code)  # a call still hangs, and Python would wait for it
    sys.exit(code)


def _code(command: Callable[[Sequence[str]], int | None]) -> int:
    try:
        return command(sys.argv[1:]) or 0
    except UserError as error:
        return _fail(failure_line(error), BAD_INPUT)
    except KeyboardInterrupt:
        return _fail("terminated", TERMINATED) if _terminated.is_set() else _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _silence()
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSED:
            return _fail(f"cannot read or write {error.filename or PRINTED}: {error.strerror}; mend that", BAD_INPUT)
        if not _from_lm(error):
            sys.excepthook = masked_traceback
            raise
        return _fail(lm_failure_line(error), LM_FAILURE)


def _flushed(code: int) -> int:
    """The exit code, once all that was printed is where it should be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        code = code or _fail(failure_line(CannotWrite.of(PRINTED, error)), BAD_INPUT)
    with suppress(OSError):
        sys.stderr.flush()
    return code


def _silence() -> None:
    """Nobody can be told anything on standard output any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _sigterm_heard() -> Iterator[None]:
    """While the block runs, SIGTERM does what Ctrl-C does; where somebody else hears it already, they go on to."""
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    _terminated.clear()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Tells whoever listens for Ctrl-C, which may be nobody: the shell's background jobs ignore it."""
    _terminated.set()
    hears = signal.getsignal(signal.SIGINT)
    if callable(hears):
        hears(signal.SIGINT, frame)
    raise KeyboardInterrupt


def _call_hangs() -> bool:
    """Whether a thread is still at work after a moment, which those that are done take to end."""
    others = [thread for thread in threading.enumerate()[1:] if not thread.daemon]
    for thread in others:
        thread.join(0.2)
    return any(thread.is_alive() for thread in others)


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    if os.environ.get("JUDGEGRAD_TRACEBACK"):
        print(without_secrets(traceback.format_exc()), end="", file=sys.stderr)
    return code


def _from_lm(error: Exception) -> bool:
    """Whether it is one of DSPy's LM errors, without importing DSPy where it was not needed."""
    exceptions = sys.modules.get("dspy.utils.exceptions")
    return exceptions is not None and isinstance(error, exceptions.LMError)
