"""The question before anything is spent."""

import sys

from programs.errors import UserError
from programs.screen import Screen


def agreed(costs: str, sure: bool) -> bool:
    """Shows the most that it can cost, and asks where somebody can answer. Raises UserError where nobody can."""
    if not sure and not sys.stdin.isatty():
        raise UserError(f"{costs}: add --yes to start, since nobody is here to answer")
    Screen().say(costs)
    return sure or _asked()


def _asked() -> bool:
    print("start? [y/n] ", end="", file=sys.stderr, flush=True)
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:
        return False
