"""Draws by content: the same words always get the same draw, whatever the order or the thread of the calls."""

import hashlib
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

from dspy.lm15 import TokenLogprob, TopLogprob

Item = TypeVar("Item")
SHARPNESS = 0.6
"""Spread, in points, of an LM's probabilities over the levels around what it thinks."""


def uniform(*content: object) -> float:
    """A draw between 0 and 1 (neither of them) that depends on the content only."""
    digest = hashlib.blake2b("|".join(map(str, content)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64


def normal(*content: object) -> float:
    """A standard normal draw that depends on the content only."""
    return NormalDist().inv_cdf(min(max(uniform(*content), 1e-12), 1 - 1e-12))


def shuffled(items: Sequence[Item], *content: object) -> list[Item]:
    """The items in an order that depends on them and the content only."""
    return sorted(items, key=lambda item: uniform(item, *content))


def after_extras(share: float, extras: int) -> float:
    """What happens with `share` for every extra criterion in a call happens at least once with this probability."""
    return 1 - (1 - share) ** extras


def around(opinion: float, said: int, levels: Sequence[int]) -> TokenLogprob:
    """The token that says a level, with the probabilities of all: a bell around the opinion."""
    heights = {each: math.exp(-(((each - opinion) / SHARPNESS) ** 2) / 2) for each in levels}
    total = sum(heights.values())
    chances = {each: math.log(max(height / total, 1e-12)) for each, height in heights.items()}
    return TokenLogprob(str(said), chances[said], top=tuple(TopLogprob(str(each), chances[each]) for each in levels))
