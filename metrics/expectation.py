"""The expected score: the mean of a scale under the probabilities of the token that names the score.

A judge that says 2 may have meant 2 with probability .9 or .4. The expectation tells the two apart, which breaks the
ties that whole scores leave (G-Eval, arXiv 2303.16634, weights its scores so).
"""

import re
from collections.abc import Mapping, Sequence
from itertools import permutations

from metrics.logprobs import Token, weights


def expected_score(tokens: Sequence[Token], name: str, level: int, levels: Sequence[int]) -> float | None:
    """Sum of p(l) l over the scale, p being the probabilities of the token that says `level` for the field `name`.

    p is normalized over the levels. `tokens` are those of the whole reply, with `top_logprobs`. None where that token
    cannot be known: no logprobs, the field named more than once or with another value, a number that is spread over
    tokens, or a token that may be the beginning of a longer number of the scale ("1" of "10").
    """
    token = score_token(tokens, name, level)
    found = weights(token, _number) if token else {}
    shares = {each: found.get(each, 0.0) for each in levels}
    total = sum(shares.values())
    if not total or _unfinished(shares):
        return None
    return round(sum(each * share for each, share in shares.items()) / total, 6)


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
