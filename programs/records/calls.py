"""Every LM call of a run: answered once, counted by role, and written down before its reply is used.

Covered: replies survive a SIGKILL of the process (each line is given to the operating system at once) and a full disk
(nothing is asked whose reply might not be kept), identical requests are sent once, and a later process replays what an
earlier one paid for. Without `reuse` identical requests are sent again, each for its own place in the run, and replayed
to that place. Not covered: a power cut may lose the last lines, since they are not forced to the disk one by one;
requests in flight at a SIGKILL are sent again, and so are those that got an empty reply. `failing` is the error of the
last request sent, None once one is answered again; `unanswered` counts the requests that were neither known nor, as the
log is `known_only`, sent.
"""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dspy.utils.exceptions import ContextWindowExceededError, LMError

from programs.errors import CannotWrite
from programs.records.appended import Appended
from programs.records.budget import OutOfBudget
from programs.records.laps import Lap, Spending
from programs.records.lines import Answer, Place, line_of, replayed
from programs.records.tally import ROLES, Tally
from programs.records.unanswered import NoAnswer, Stopped

PLACE: ContextVar[Place | None] = ContextVar("place", default=None)
"""Where in the run the current call is made, set by the pool that makes it."""


class NotKept(LMError, CannotWrite):
    """Raised instead of sending a request whose reply could not be written down. No failure of the LM: it is an LMError
    since DSPy passes nothing else on unchanged."""

    default_code = "not_kept"


Known = Callable[[str], Answer | None]
"""A request's key -> the answer that another run has paid for, where there is one."""


@dataclass(frozen=True)
class Links:
    """Who else a run's calls concern: `wrote` hears every new line of the log before its reply is used, `halted` says
    before a request is sent whether the run is to stop as on Ctrl-C (threads other than the main one hear of none)."""

    wrote: Callable[[bytes], None] | None = None
    halted: Callable[[], bool] = lambda: False


ALONE = Links()


class CallLog:
    """The calls of one run. With a `path` they are written as JSON lines, and earlier lines are replayed.

    Thread-safe: identical requests that are under way at once wait for the first one's answer. What `shared` knows is
    not sent but copied, as not sent, so that the log stays complete by itself. Without `reuse` each request is sent
    for its own `PLACE`; answers from sessions with it go to the first that asks.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        keep_prompts: bool = False,
        reuse: bool = True,
        shared: Known | None = None,
        links: Links = ALONE,
    ) -> None:
        self.known_only = False
        self.unanswered = 0
        self.reuse = reuse
        self.failing: Exception | None = None
        self.tallies: dict[str, Tally] = {}
        self.failures: Counter[tuple[str, str]] = Counter()
        self._answers: dict[str, dict[Place | None, Answer]] = {}
        self._spending = Spending()
        self._under_way: dict[tuple[str, Place | None], threading.Lock] = {}
        self._lock = threading.Lock()
        self.keep_prompts = keep_prompts
        self._links = links
        self._file: Appended | None = None
        self.turn_to(path, shared)

    def turn_to(self, path: Path | None, shared: Known | None = None) -> None:
        """Goes on with another file: its lines are replayed, and what was answered before is forgotten (but counted).

        For a long series of calls whose answers must not all be in memory. Not while a call is under way.
        """
        self.close()
        self._shared = shared or (lambda key: None)
        for kept in (self._answers, self._spending, self._under_way):
            kept.clear()
        if path is None:
            return
        if path.exists():
            for key, place, answer in replayed(path):
                self._answers.setdefault(key, {})[place] = answer
        self._file = Appended(path, NotKept)

    def ask(self, role: str, key: str, prompt: Any, send: Callable[[], Answer]) -> Answer:
        """The answer to the request named by `key`: the known one, or what `send` brings, written down first."""
        place = None if self.reuse else PLACE.get()
        with self._lock:
            turn = self._under_way.setdefault((key, place), threading.Lock())
        with nullcontext() if self.known_only else turn:  # a call in flight that hangs must not hold up the end
            known = self._known(key, place)
            if known is not None:
                self._count(role, key, *known, reused=True)
                return known[1]
            borrowed = self._shared(key)
            if borrowed is None and self.known_only:
                self.unanswered += 1
                raise NoAnswer("the run was stopped before this was asked")
            answer = self._send(role, send) if borrowed is None else replace(borrowed, sent=False)
            self._write(role, key, place, prompt, answer)
            self._count(role, key, place, answer, reused=not answer.sent)
            return answer

    def skip(self, role: str, count: int) -> None:
        """Counts planned calls that are not needed."""
        with self._lock:
            if count:
                self.tallies.setdefault(role, Tally()).skipped += count

    def give_up(self, role: str) -> None:
        """Counts a call that has failed on every attempt and without which the run goes on."""
        with self._lock:
            self.tallies.setdefault(role, Tally()).given_up += 1

    def lap(self, phases: int | None = None) -> Lap:
        """What the distinct requests asked since the last lap took, sent by this process or replayed.

        Unlike the tallies it does not depend on where a run was interrupted, so step records may hold it. `phases` is
        how many phases of the run's pool have begun: those that still go on in the background belong to this lap, and
        the lap is whole when they are.
        """
        return self._spending.lap(phases)

    def summary(self) -> dict[str, dict[str, int]]:
        """The tallies by role, as summary.json holds them."""
        with self._lock:
            return {role: asdict(self.tallies[role]) for role in ROLES if role in self.tallies}

    def failed(self) -> dict[str, dict[str, int]]:
        """Role -> kind of failure -> how many requests failed so, roles without a failure left out."""
        with self._lock:
            failures = sorted(self.failures.items())
        kinds = {role: {kind: count for (own, kind), count in failures if own == role} for role in ROLES}
        return {role: counts for role, counts in kinds.items() if counts}

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _known(self, key: str, place: Place | None) -> tuple[Place | None, Answer] | None:
        """The answer for this place, and the place it was written for. A stopped run makes do with any of the key."""
        with self._lock:
            found = self._answers.get(key, {})
            if place is None or self.known_only:
                return next(iter(found.items()), None)
            if place not in found and None in found:
                found[place] = found.pop(None)
            return (place, found[place]) if place in found else None

    def _send(self, role: str, send: Callable[[], Answer]) -> Answer:
        if self._links.halted():
            raise KeyboardInterrupt
        if self._file is not None:
            with self._lock:
                self._file.reserve()
        try:
            answer = send()
        except (OutOfBudget, Stopped):
            raise
        except Exception as error:
            too_long = isinstance(error, ContextWindowExceededError)
            with self._lock:
                self.failing = self.failing if too_long else error  # a long text is no sign of a failing LM
                self.failures[role, getattr(error, "code", None) or type(error).__name__] += 1
                tally = self.tallies.setdefault(role, Tally())
                tally.calls += 1
                tally.failed += 1
                tally.too_long += too_long
            raise
        with self._lock:
            self.failing = None
        return answer

    def _count(self, role: str, key: str, place: Place | None, answer: Answer, *, reused: bool) -> None:
        with self._lock:
            tally = self.tallies.setdefault(role, Tally())
            if answer.sent and role != "rater":
                self._spending.add(role, (key, place), PLACE.get(), answer.usage)
            if reused:
                tally.reused += 1
                return
            tally.calls += 1
            tally.truncated += answer.reply.get("finish_reason") == "length"
            for name in ("prompt_tokens", "completion_tokens", "cached_prompt_tokens"):
                setattr(tally, name, getattr(tally, name) + answer.usage.get(name, 0))

    def _write(self, role: str, key: str, place: Place | None, prompt: Any, answer: Answer) -> None:
        line = line_of(role, key, place, answer, prompt if self.keep_prompts else None)
        with self._lock:
            if answer.whole:  # an empty reply is asked for again by the next session
                if self._file is not None:
                    self._file.append(line)
                if self._links.wrote is not None:
                    self._links.wrote(line)
            self._answers.setdefault(key, {})[place] = answer
