"""How much drift does not matter, as `--tolerance` says it."""

from collections.abc import Mapping

from metrics.drift import Change
from metrics.repeats import MEASURES
from programs.errors import UserError, suggest

Tolerance = Mapping[str, float]
"""Measure -> how far from an unchanged judge; a measure that is not there tolerates nothing beyond noise."""


def read_tolerance(text: str) -> dict[str, float]:
    """`bias=.2,spread=.1,spearman=.05,coverage=.02`: levels, a share of the spread, of a correlation, of the rows."""
    found: dict[str, float] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, _, number = word.partition("=")
        if name not in MEASURES:
            raise UserError(
                f"--tolerance: unknown measure '{name}'{suggest(name, MEASURES)}; use {', '.join(MEASURES)}"
            )
        if name in found:
            raise UserError(f"--tolerance names {name} twice: leave one out")
        try:
            found[name] = float(number)
        except ValueError:
            raise UserError(f"--tolerance: '{word}' is not {name}=NUMBER") from None
        if not 0 <= found[name] <= 100:
            raise UserError(f"--tolerance: {word} is out of range: 0 to 100")
    return found


def beyond(change: Change, tolerance: Tolerance, itself: float | None) -> bool:
    """Whether the whole 95 % interval (the value, where there is none) lies beyond what is tolerated.

    `itself` is the correlation that an unchanged judge has. Always so where the measure has no tolerance: what tells
    drift from noise is then the test alone.
    """
    if change.measure not in tolerance:
        return True
    allowed = tolerance[change.measure]
    value, low, high = (change.cell[key] for key in ("value", "low", "high"))
    if value is None:
        return True
    low, high = (value, value) if low is None or high is None else (low, high)
    if change.measure == "spearman":
        return itself is None or high < itself - allowed
    if change.measure == "spread":
        return low > 1 + allowed or high < 1 / (1 + allowed)
    return low > allowed or high < -allowed
