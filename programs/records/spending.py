"""What call logs say was paid for, over all sessions: calls, tokens, and dollars at the prices of the LMs."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from programs.records.budget import USAGE, Budget
from programs.records.prices import Price

Paid = dict[str, dict[str, int]]
"""Role -> `calls` that were sent and answered, and their tokens (`USAGE`)."""


def paid_in(logs: Iterable[Path]) -> Paid:
    """What the finished calls of these logs took. Failed calls, and those in flight at a kill, are in no log."""
    found: Paid = {}
    for path in logs:
        if path.is_file():
            with path.open("rb") as lines:
                for line in lines:
                    _add(found, line)
    return found


def carried(budget: Budget, logs: Iterable[Path]) -> Budget:
    """The budget, less what earlier sessions have spent by these logs."""
    for role, paid in paid_in(logs).items():
        budget.carry(role, paid["calls"], paid)
    return budget


def total(paid: Paid, failed: Mapping[str, int], prices: Mapping[str, Price]) -> dict[str, float | None]:
    """Calls, tokens and, where every role that asked has a price, US dollars (None where one has none), over the roles.

    `failed` are further calls that brought nothing, whose tokens nobody knows.
    """
    usd = [prices[role].usd(*(each[name] for name in USAGE)) for role, each in paid.items() if role in prices]
    return {
        "calls": sum(each["calls"] for each in paid.values()) + sum(failed.values()),
        "tokens": sum(each["prompt_tokens"] + each["completion_tokens"] for each in paid.values()),
        "usd": sum(usd) if len(usd) == len(paid) else None,
    }


def _add(found: Paid, line: bytes) -> None:
    try:
        match json.loads(line):
            case {"role": str(role), "sent": True, "usage": dict(usage)} if line.endswith(b"\n"):
                own = found.setdefault(role, dict.fromkeys(("calls", *USAGE), 0))
                own["calls"] += 1
                for name in USAGE:
                    own[name] += int(usage.get(name, 0))
    except (ValueError, TypeError):  # a damaged line is asked again, and counted then
        pass
