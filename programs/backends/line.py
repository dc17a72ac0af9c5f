"""One role's line to a server: what is asked again, how long is waited in between, and when a call is given up.

DSPy's own retries are off. They wait as long as a server says, be it a day, and otherwise for times that are the same
for all calls; a Ctrl-C does not end the wait, and who is refused for overload goes on sending as many.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import tenacity
from dspy.utils.exceptions import (
    ContextWindowExceededError,
    LMError,
    LMInvalidRequestError,
    LMProviderError,
    LMUnsupportedModelError,
    is_retryable_lm_error,
)

from programs.backends.clock import stopping
from programs.backends.server import Server, speaks
from programs.failures import refused_setting
from programs.records.budget import OutOfBudget
from programs.records.calls import CallLog
from programs.records.lines import Answer
from programs.records.unanswered import GivenUp, NoAnswer, Stopped

FIRST_WAIT, MOST_WAIT = 1.0, 30.0
"""Seconds before the first retry and, doubled each time, before the last ones; up to a second more at random."""

LONGEST_WISH = 120.0
"""A server that wants more seconds than this until the next request is left alone: the run ends and can be resumed."""

IN_A_ROW = 3
"""So many calls given up, and nothing answered between them, are no bad luck."""

HANGS = "if it is only slow and takes one request at a time, say how long to wait with --timeout"


@dataclass
class Line:
    """What one role asks of one server. A call is one request and at most `retries` more.

    A call that fails on every attempt is given up: counted, and unscored or without a text. It ends the run where the
    failure is no passing one, such as a key that is refused, and where it is the third in a row: of the judge, without
    whom there is no result, or of any role where nothing is heard of the server at all. Another role that only fails
    gets one attempt a call until it is answered again. `trouble` is the failure of the last call that was given up,
    None once any is answered.
    """

    role: str
    server: Server
    calls: CallLog
    retries: int = 0
    lost: int = 0
    served: bool = False
    trouble: LMError | None = None
    _attempts: tenacity.Retrying = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._attempts = tenacity.Retrying(
            stop=self._enough,
            wait=_wait,
            retry=tenacity.retry_if_exception(passes),
            sleep=self.server.clock.rest,
            reraise=True,
        )

    def tried(self, ask: Callable[[], Answer]) -> Answer:
        """What `ask` brings in the end. Raises GivenUp, or the LM's error where the run is to end."""
        try:
            return self._attempts(ask)
        except (NoAnswer, Stopped, OutOfBudget, ContextWindowExceededError):
            raise
        except LMError as error:
            if not (passes(error) or self._about_this_text(error)):
                raise
            if stopping():
                raise Stopped("the run was stopped before this was tried again") from error
            self._judge(error)
            self.trouble = error
            self.calls.give_up(self.role)
            raise GivenUp(_first_line(error)) from error

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around one request: waits until the server can take it, and learns from what becomes of it."""
        with self.server.request():
            yield
        self.lost, self.served, self.trouble = 0, True, None

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        retries = 0 if self.lost >= IN_A_ROW else self.retries
        return state.attempt_number > retries or stopping() or self.server.gone or _wish(state) > LONGEST_WISH

    def _about_this_text(self, error: LMError) -> bool:
        """A request that is invalid though others of this role were answered: a filter of contents, for one."""
        unfit = isinstance(error, LMInvalidRequestError) and not isinstance(error, LMUnsupportedModelError)
        return unfit and error.status != 404 and self.served and refused_setting(error) is None

    def _judge(self, error: LMError) -> None:
        """Raises the error, and what it means, where the run is to end by it."""
        if (error.retry_after or 0.0) > LONGEST_WISH:
            raise _ending(error, f"{self.server.name} wants no request for {error.retry_after:.0f} s") from error
        if not speaks(error):
            if self.server.gone:
                raise _ending(error, f"{self.server.name} keeps requests and answers nothing; {HANGS}") from error
            if (row := self.server.unheard()) >= IN_A_ROW:
                heard = f"nothing is heard of {self.server.name}, {_row(row, self.retries)}"
                raise _ending(error, f"{heard}: is it there, and is --api-base right?") from error
            return
        self.lost += 1
        if self.lost >= IN_A_ROW and (self.role == "judge" or not passes(error)):
            raise _ending(error, f"{self.server.name} only fails, {_row(self.lost, self.retries)}") from error


def passes(error: BaseException) -> bool:
    """Whether a failure may pass by itself. A reply that is no JSON at all is one: a gateway's page, or half a body."""
    if not isinstance(error, LMError):
        return False
    no_json = type(error) is LMProviderError and (error.status or 400) < 400
    return no_json or is_retryable_lm_error(error)


def _wait(state: tenacity.RetryCallState) -> float:
    """Not before the moment that the server named, and not all at once; without one, twice as long each time."""
    wish = _hint(state)
    if wish is not None:
        return wish * random.uniform(1.0, 1.1)
    return min(FIRST_WAIT * 2 ** (state.attempt_number - 1) + random.uniform(0.0, 1.0), MOST_WAIT)


def _wish(state: tenacity.RetryCallState) -> float:
    return _hint(state) or 0.0


def _hint(state: tenacity.RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, LMError) else None


def _first_line(error: LMError) -> str:
    """Without the advice for programmers that DSPy's client puts below."""
    return (error.message or str(error)).partition("\n")[0]


def _row(calls: int, retries: int) -> str:
    tries = f" (each tried {retries + 1} times)" if retries else ""
    return f"{calls} calls in a row{tries}"


def _ending(error: LMError, meaning: str) -> LMError:
    """The error with its meaning in front, of the same class, so that callers tell kinds apart as before."""
    ending = type(error)(message=f"{meaning}; the last failure: {_first_line(error)}", status=error.status)
    ending.model, ending.retry_after = error.model, error.retry_after
    return ending
