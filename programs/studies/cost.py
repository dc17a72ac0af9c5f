"""What a cell asked and paid for, over all its sessions, counted from its call log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from programs.records.lines import parse_line
from programs.records.tally import ROLES

Costs = dict[str, dict[str, int]]
"""Role -> `asked` requests (identical ones once, unless each was sent), those `sent` by this cell, tokens of both."""

KINDS = ("asked", "sent")


def costs_of(calls: Path) -> Costs:
    """The costs in a calls.jsonl. Failed requests are not in it; what another cell paid for is asked, not sent."""
    found: Costs = {}
    if not calls.is_file():  # the disk was full before it could be begun
        return found
    with calls.open("rb") as lines:
        for line in lines:
            record = parse_line(line)
            if record is None:
                continue
            usage = record["usage"] or _as_replied(record.get("reply") or {})
            role = found.setdefault(record["role"], dict.fromkeys(_names(), 0))
            for kind in KINDS if record["sent"] else KINDS[:1]:
                role[f"{kind}_calls"] += 1
                for name in ("prompt_tokens", "completion_tokens"):
                    role[f"{kind}_{name}"] += usage.get(name, 0)
    return {role: found[role] for role in ROLES if role in found}


def _as_replied(reply: Mapping[str, Any]) -> dict[str, int]:
    """The tokens of a reply out of DSPy's cache, which were paid for elsewhere; none where it does not say."""
    usage = reply.get("usage") or {}
    return {"prompt_tokens": usage.get("input_tokens") or 0, "completion_tokens": usage.get("output_tokens") or 0}


def _names() -> list[str]:
    return [f"{kind}_{name}" for kind in KINDS for name in ("calls", "prompt_tokens", "completion_tokens")]
