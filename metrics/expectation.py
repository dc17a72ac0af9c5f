"""What a reply says beyond its score: the probabilities of the token that names it, their mean, and how sure they are.

A judge that says 2 may have meant 2 with probability .9 or .4. The expectation tells the two apart, which breaks the
ties that whole scores leave (G-Eval, arXiv 2303.16634, weights its scores so).
"""

import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

from metrics.logprobs import Token, reply_tokens, weights

Chances = Mapping[int, float]
"""Level -> its probability, over the whole scale; they sum to 1."""


MEASURED = "measured chances"
"""Where a reply holds criterion -> `Chances` that the LM has given as such. No field has a name with a space."""


def level_chances(tokens: Sequence[Token], name: str, level: int, levels: Sequence[int]) -> dict[int, float] | None:
    """The probabilities of the token that says `level` for the field `name`, normalized over the levels.

    `tokens` are those of the whole reply, with `top_logprobs`. None where that token cannot be known: no logprobs, the
    field named more than once or with another value, a number that is spread over tokens, or a token that may be the
    beginning of a longer number of the scale ("1" of "10").
    """
    token = score_token(tokens, name, level)
    found = weights(token, _number) if token else {}
    shares = {each: found.get(each, 0.0) for each in levels}
    total = sum(shares.values())
    if not total or _unfinished(shares):
        return None
    return {each: share / total for each, share in shares.items()}


def reply_chances(reply: Mapping[str, Any], name: str, level: int, levels: Sequence[int]) -> Chances | None:
    """The same of a reply as DSPy's predictions hold it: as the LM itself has `MEASURED` them, else by its tokens."""
    if MEASURED in reply:
        found: Mapping[str, Chances] = reply[MEASURED]
        return found.get(name)
    return level_chances(reply_tokens(reply), name, level, levels)


def expected_score(chances: Chances) -> float:
    """The mean of the scale, sum of p(l) l."""
    return round(sum(each * share for each, share in chances.items()), 6)


def mean_chances(several: Sequence[Chances]) -> Chances:
    """The mean of probabilities from several replies; its expectation is the mean of theirs.

    >>> mean_chances([{1: 1.0}, {1: 0.5, 2: 0.5}])
    {1: 0.75, 2: 0.25}
    """
    levels = sorted({level for chances in several for level in chances})
    return {level: sum(chances.get(level, 0.0) for chances in several) / len(several) for level in levels}


def confidence(chances: Chances, score: float) -> float:
    """1 less the mean distance of the scale from `score` under `chances`, as a share of the scale's width: 0 to 1.

    It is how small an error the LM itself expects, in the unit of the mean absolute error, and no more than that:
    whether it is right, ratings must say (`metrics.selective`). 1 where all probability is on the score. On a scale
    of two levels and for a whole score it is that score's probability.
    """
    distance = sum(share * abs(each - score) for each, share in chances.items())
    return round(1 - distance / (max(chances) - min(chances)), 6)


def score_token(tokens: Sequence[Token], name: str, level: int) -> Token | None:
    """The one token that says `level` for the field `name`, in JSON or behind DSPy's field marker."""
    text = "".join(token["token"] for token in tokens)
    places = list(re.finditer(_field(name), text))
    if len(places) != 1 or int(places[0]["value"]) != level:
        return None
    start, end = places[0].span("value")
    begins = 0
    for token in tokens:
        ends = begins + len(token["token"])
        if begins <= start and end <= ends:
            return token
        begins = ends
    return None


def _field(name: str) -> str:
    return rf"""(?:["']{re.escape(name)}["']\s*:\s*["']?|\[\[ ## {re.escape(name)} ## \]\]\s*)(?P<value>-?\d+)"""


def _number(spelling: str) -> int | None:
    """The number that a token spells, whatever marks and spaces stand around it."""
    found = re.fullmatch(r"[^\w-]*(-?\d+)\W*", spelling, flags=re.ASCII)
    return int(found[1]) if found else None


def _unfinished(shares: Mapping[int, float]) -> bool:
    """Whether a level seen may be the beginning of one that was not."""
    return any(
        shares[short] and not shares[long] and str(long).startswith(str(short))
        for short, long in permutations(shares, 2)
    )
