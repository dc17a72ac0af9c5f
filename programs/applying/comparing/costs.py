"""Cost and seconds per 1,000 judgements, from calls that were counted; what was not measured is said to be so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from programs.applying.comparing.asking import Scored
from programs.applying.comparing.contestants import Contestant
from programs.applying.comparing.prices import Price

JUDGEMENTS = 1000


@dataclass(frozen=True)
class Cost:
    """Of 1,000 judgements, each a row on all criteria of the judge; None is not measured or not known.

    `measured` counts the replies behind the tokens, `timed` says what the seconds were measured on.
    """

    calls: float | None = None
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    usd: float | None = None
    seconds: float | None = None
    measured: int = 0
    timed: str = ""
    price: Price | None = None


def cost_of(side: Contestant, scored: Scored, price: Callable[[str], Price | None]) -> Cost:
    """What 1,000 judgements take at the mean of the counted calls; retries of failed calls are not in it."""
    calls, bill = float(JUDGEMENTS * side.judge.calls_per_row), scored.bill
    seconds, timed = _seconds(side, scored)
    spent = Cost(calls, seconds=None if seconds is None else seconds * calls, measured=bill.answers, timed=timed)
    if not bill.answers:
        return spent
    prompt, completion = (calls * each / bill.answers for each in (bill.prompt_tokens, bill.completion_tokens))
    known = price(scored.settings.lm)
    usd = None if known is None else known.of(prompt, completion)
    return Cost(calls, prompt, completion, usd, spent.seconds, bill.answers, timed, known)


def _seconds(side: Contestant, scored: Scored) -> tuple[float | None, str]:
    """Seconds a call, and on what they were measured."""
    if scored.bill.sent:
        return scored.bill.seconds / scored.bill.sent, f"here, {scored.settings.threads} calls in flight"
    timing: Mapping[str, Any] = side.run.timing if side.run is not None else {}
    sent = sum(tally.get("calls", 0) for tally in timing.get("calls", {}).values())
    if scored.known and sent and timing.get("seconds"):
        return timing["seconds"] / sent, "the run's last session, calls of all roles"
    return None, ""
