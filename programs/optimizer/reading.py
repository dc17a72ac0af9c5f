"""What a judge's replies say of a criterion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from metrics.expectation import Chances, mean_chances


@dataclass(frozen=True)
class Reading:
    """What a reply says of one criterion: its score as the readout has it, and the whole number that it names.

    Both are None where the reply held no valid score (unscored). `fallback`: the expectation was asked for and could
    not be had, so that the score is the digit. `chances` are the levels' probabilities where they were asked for and
    can be known. `replied` is False where there was no reply. Where it is the mean of several replies, `unscored` of
    them said nothing of the criterion and are not in it.
    """

    score: float | None
    digit: float | None
    fallback: bool = False
    chances: Chances | None = None
    replied: bool = True
    unscored: int = 0


def mean_reading(readings: Sequence[Reading]) -> Reading:
    """What several replies say together: the mean of those with a score, and of their levels' probabilities."""
    known = [each for each in readings if each.score is not None and each.digit is not None]
    if len(readings) == 1 or not known:
        return replace(readings[0], replied=any(each.replied for each in readings))
    chances = [each.chances for each in known if each.chances is not None]
    return Reading(
        score=sum(each.score or 0 for each in known) / len(known),
        digit=sum(each.digit or 0 for each in known) / len(known),
        fallback=any(each.fallback for each in known),
        chances=mean_chances(chances) if len(chances) == len(known) else None,
        unscored=len(readings) - len(known),
    )
