"""Every LM call of a run: answered once, counted by role, and written down before its reply is used.

Covered: replies survive a SIGKILL of the process (each line is flushed to the operating system), identical requests
are sent once, and a later process replays what an earlier one paid for. Not covered: a power cut may lose the last
lines, since they are not forced to the disk one by one; requests in flight at a SIGKILL are sent again, and so are
those that got an empty reply. `failing` is the error of the last request sent, None once one is answered again.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dspy._vendor.lm15.serde import response_from_dict  # no public name in 3.4
from dspy.utils.exceptions import LMError

from programs.records.budget import OutOfBudget

ROLES = ("judge", "loss", "gradient", "rewrite", "rater")


@dataclass
class Tally:
    """What one role asked and spent in this process.

    `calls` counts requests sent, failed ones (`failed`) and replies cut off by their token limit (`truncated`) too;
    `reused` answers that came from a cache, from an
    identical earlier request, or from the replay of an interrupted session; tokens are those of the calls sent.
    """

    calls: int = 0
    failed: int = 0
    truncated: int = 0
    reused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0


@dataclass(frozen=True)
class Answer:
    """A reply as DSPy's plain data, its token usage, whether a request was sent, and whether it said anything."""

    reply: Mapping[str, Any]
    usage: Mapping[str, int]
    sent: bool
    whole: bool = True


class NoAnswer(LMError):
    """Raised instead of sending a request when the log only answers what it knows already."""

    default_code = "no_answer"


Known = Callable[[str], Answer | None]
"""A request's key -> the answer that another run has paid for, where there is one."""


class CallLog:
    """The calls of one run. With a `path` they are written as JSON lines, and earlier lines are replayed.

    Thread-safe: identical requests that are under way at once wait for the first one's answer. What `shared` knows is
    not sent but copied, as not sent, so that the log stays complete by itself.
    """

    def __init__(self, path: Path | None = None, *, keep_prompts: bool = False, shared: Known | None = None) -> None:
        self.known_only = False
        self.failing: Exception | None = None
        self.tallies: dict[str, Tally] = {}
        self._answers: dict[str, Answer] = {}
        self._used: set[str] = set()
        self._spent = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0}
        self._under_way: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._keep_prompts = keep_prompts
        self._shared = shared or (lambda key: None)
        self._file = None
        if path is not None:
            self._replay(path)
            self._file = path.open("a", encoding="utf-8")

    def ask(self, role: str, key: str, prompt: Any, send: Callable[[], Answer]) -> Answer:
        """The answer to the request named by `key`: the known one, or what `send` brings, written down first."""
        with self._lock:
            turn = self._under_way.setdefault(key, threading.Lock())
        with turn:
            known = self._answers.get(key)
            if known is not None:
                self._count(role, key, known, reused=True)
                return known
            borrowed = self._shared(key)
            if borrowed is None and self.known_only:
                raise NoAnswer("the run was stopped before this was asked")
            answer = self._send(role, send) if borrowed is None else replace(borrowed, sent=False)
            self._write(role, key, prompt, answer)
            self._count(role, key, answer, reused=not answer.sent)
            return answer

    def lap(self) -> dict[str, int]:
        """Calls and tokens of the distinct requests asked since the last lap, sent by this process or replayed.

        Those of the rater are left out: it watches a run and is no part of it.

        Unlike the tallies it does not depend on where a run was interrupted, so step records may hold it.
        """
        with self._lock:
            spent, self._spent = self._spent, dict.fromkeys(self._spent, 0)
            return spent

    def summary(self) -> dict[str, dict[str, int]]:
        """The tallies by role, as summary.json holds them."""
        with self._lock:
            return {role: asdict(self.tallies[role]) for role in ROLES if role in self.tallies}

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _send(self, role: str, send: Callable[[], Answer]) -> Answer:
        try:
            answer = send()
        except OutOfBudget:
            raise
        except Exception as error:
            with self._lock:
                self.failing = error
                tally = self.tallies.setdefault(role, Tally())
                tally.calls += 1
                tally.failed += 1
            raise
        with self._lock:
            self.failing = None
        return answer

    def _count(self, role: str, key: str, answer: Answer, *, reused: bool) -> None:
        with self._lock:
            tally = self.tallies.setdefault(role, Tally())
            if key not in self._used and answer.sent and role != "rater":
                self._used.add(key)
                self._spent["calls"] += 1
                for name in ("prompt_tokens", "completion_tokens"):
                    self._spent[name] += answer.usage.get(name, 0)
            if reused:
                tally.reused += 1
                return
            tally.calls += 1
            tally.truncated += answer.reply.get("finish_reason") == "length"
            for name in ("prompt_tokens", "completion_tokens", "cached_prompt_tokens"):
                setattr(tally, name, getattr(tally, name) + answer.usage.get(name, 0))

    def _write(self, role: str, key: str, prompt: Any, answer: Answer) -> None:
        line = {"key": key, "role": role, "sent": answer.sent, "usage": answer.usage, "reply": answer.reply}
        if self._keep_prompts:
            line["prompt"] = prompt
        with self._lock:
            if self._file is not None and answer.whole:  # an empty reply is asked for again by the next session
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                self._file.flush()
            self._answers[key] = answer

    def _replay(self, path: Path) -> None:
        """Reads the finished calls of earlier sessions. A line cut off by a kill is dropped, a damaged one skipped."""
        if not path.exists():
            return
        whole = 0
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                record = parse_line(line)
                if record is None:
                    continue
                self._answers[record["key"]] = Answer(record["reply"], record["usage"], record["sent"])
        with path.open("r+b") as file:
            file.truncate(whole)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """A line of the log, or None where it is damaged: its request is then asked again."""
    try:
        match record := json.loads(line):
            case {
                "key": str(),
                "role": str(),
                "reply": {"message": dict()} as reply,
                "usage": dict() as usage,
                "sent": bool(),
            }:
                response_from_dict(reply)
                return record if all(isinstance(count, int) for count in usage.values()) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    return None
