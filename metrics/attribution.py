"""Blind attribution: a suggestion with the names hidden, and the rater's probabilities of what it is about.

Where the LM gives logprobs, the probabilities of the answer's letter are read from them, so that a small rater can do
it; elsewhere the letter that it chose has probability 1. Several orders of the options are averaged (the geometric
mean), since LMs prefer some letters and places.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from metrics.logprobs import Token, asking_logprobs, reply_tokens, weights
from signatures.attribution import attribution_request, attribution_signature, by_letter
from signatures.records import Criterion

Choice = Mapping[str, float]
"""Option (a criterion's name, or `GENERIC`) -> probability; they add up to 1."""

REPLY_TOKENS = 8
"""A letter, and room for a mark before it."""

LEAST = 1e-3
"""A probability counts as no less, so that one order alone can rule nothing out."""


def attribution(example: dspy.Example, prediction: Mapping[str, Any], trace: object = None) -> Choice | None:
    """A DSPy metric: what `prediction["suggestion"]` is about, among `example["criteria"]` in `example["order"]`.

    Logprobs are asked for unless `example["logprobs"]` says no, or the LM is known not to give them.
    Asks `dspy.settings.lm`, under the settings' adapter. None where the reply names no option (unanswered).
    """
    criteria: Sequence[Criterion] = example["criteria"]
    order: Sequence[str] = example["order"]
    choose = dspy.Predict(attribution_signature(criteria, order))
    asking = asking_logprobs(dspy.settings.lm) if example.get("logprobs", True) else {}
    config = {**asking, "max_tokens": REPLY_TOKENS} if asking else {}
    try:
        reply = choose(suggestion=prediction["suggestion"], request=attribution_request(order), config=config)
    except AdapterParseError:
        return None
    return read_choice(reply["answer"], reply_tokens(reply.toDict()), by_letter(order))


def orders(options: Sequence[str], count: int) -> list[tuple[str, ...]]:
    """`count` orders of the options: as they are, reversed, and so on with a part of them moved to the end.

    An order and its reverse give every option the same mean place.

    >>> orders(("x", "y", "z", "(generic)"), 3)
    [('x', 'y', 'z', '(generic)'), ('(generic)', 'z', 'y', 'x'), ('z', '(generic)', 'x', 'y')]
    """
    pairs = math.ceil(count / 2)
    found = []
    for pair in range(pairs):
        first = round(pair * len(options) / pairs)
        turned = (*options[first:], *options[:first])
        found += [turned, turned[::-1]]
    return found[:count]


def averaged(choices: Sequence[Choice | None]) -> Choice | None:
    """The choices of one suggestion under several orders as one; None where none was answered."""
    known = [choice for choice in choices if choice is not None]
    if not known:
        return None
    sums = {name: sum(math.log(max(choice[name], LEAST)) for choice in known) for name in sorted(known[0])}
    return _shares({name: math.exp(total / len(known)) for name, total in sums.items()})


def read_choice(answer: str, tokens: Sequence[Token], letters: Mapping[str, str]) -> Choice | None:
    """The probabilities of the options in a reply; `tokens` are its tokens with `top_logprobs`, empty without."""
    for token in tokens:
        if _letter(token["token"]) in letters:
            return _measured(token, letters)
    chosen = _chosen(answer, letters)
    return None if chosen is None else {name: float(letter == chosen) for letter, name in letters.items()}


def _measured(token: Token, letters: Mapping[str, str]) -> Choice:
    """A letter that is not among the likeliest tokens has nothing."""
    found = weights(token, lambda spelling: letters.get(_letter(spelling)))
    return _shares({name: found.get(name, 0.0) for name in letters.values()})


def _chosen(answer: str, letters: Mapping[str, str]) -> str | None:
    """The letter that the reply begins with, as a mark, or the only one in it that stands alone and is no word."""
    if (first := re.match(r"\W*([A-Z])(?=\W*$|[).:*\]])", answer)) and first[1] in letters:
        return first[1]
    alone = {
        letter for letter in re.findall(r"\b(?:[B-HJ-Z]|[AI](?!\s+(?!or\b|and\b)[a-z]))\b", answer) if letter in letters
    }
    return alone.pop() if len(alone) == 1 else None


def _letter(token: str) -> str:
    return re.sub(r"[\W_]+", "", token)


def _shares(weights: Mapping[str, float]) -> Choice:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
