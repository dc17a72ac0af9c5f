"""What every command does around its one call: exit codes, and no traceback for what the user can mend."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence

from programs.errors import UserError
from programs.failures import failure_line, lm_failure_line, masked_traceback, without_secrets

BAD_INPUT, LM_FAILURE, INTERRUPTED = 2, 3, 130


def run(command: Callable[[Sequence[str]], int | None]) -> None:
    """Runs `command(arguments)` and exits: 0, 2 for bad input, 3 when the LMs failed for good, 130 after Ctrl-C."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "true")  # else a download on first use
    logging.getLogger("dspy").setLevel(logging.ERROR)
    try:
        code = command(sys.argv[1:]) or 0
    except UserError as error:
        code = _fail(failure_line(error), BAD_INPUT)
    except KeyboardInterrupt:
        code = _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of our output has gone
        code = 0
    except Exception as error:
        if not _from_lm(error):
            sys.excepthook = masked_traceback
            raise
        code = _fail(lm_failure_line(error), LM_FAILURE)
    sys.stdout.flush()
    sys.stderr.flush()
    if code == INTERRUPTED and _call_hangs():
        os._exit(code)  # a call still hangs, and Python would wait for it
    sys.exit(code)


def _call_hangs() -> bool:
    """Whether a thread is still at work after a moment, which idle ones take to end."""
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
