"""One line a finished LM call: what calls.jsonl holds, read back with care, since a kill may cut its end off."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dspy._vendor.lm15.serde import response_from_dict  # no public name in 3.4

Place = tuple[int, int]
"""Where in a run a call is made: the phase's number and the item's in it. The same in every session of a run."""


@dataclass(frozen=True)
class Answer:
    """A reply as DSPy's plain data, its token usage, whether a request was sent, and whether it said anything."""

    reply: Mapping[str, Any]
    usage: Mapping[str, int]
    sent: bool
    whole: bool = True


def line_of(role: str, key: str, place: Place | None, answer: Answer, prompt: Any = None) -> bytes:
    """An answer as a line of the log. `place` is None for an answer that every identical request may have."""
    record = {"key": key, "role": role, "sent": answer.sent, "usage": answer.usage, "reply": answer.reply}
    if place is not None:
        record["place"] = list(place)
    if prompt is not None:
        record["prompt"] = prompt
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


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
                counted = all(isinstance(count, int) for count in usage.values())
                return record if counted and _placed(record) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    return None


def _placed(record: Mapping[str, Any]) -> bool:
    match record.get("place"):
        case None | [int(), int()]:
            return True
    return False


def drop_last_phase(path: Path) -> None:
    """Removes the answers of the last phase of a log whose answers have places, and the log where none are left."""
    lines = path.read_bytes().splitlines(keepends=True)
    phases = [(parse_line(line) or {}).get("place", [0])[0] for line in lines]
    kept = [line for line, phase in zip(lines, phases, strict=True) if phase < max(phases)]
    path.write_bytes(b"".join(kept))
    if not kept:
        path.unlink()


def replayed(path: Path) -> Iterator[tuple[str, Place | None, Answer]]:
    """The finished calls of earlier sessions. A line cut off by a kill is removed, a damaged one skipped."""
    whole = 0
    with path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            if (record := parse_line(line)) is not None:
                place = record.get("place")
                answer = Answer(record["reply"], record["usage"], record["sent"])
                yield record["key"], None if place is None else (place[0], place[1]), answer
    if whole < path.stat().st_size:
        os.truncate(path, whole)
