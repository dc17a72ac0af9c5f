"""Token probabilities of a reply: whether an LM gives them, how they are asked for, and how their spellings add up."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy

Token = Mapping[str, Any]
"""One token of a reply as DSPy's predictions hold it: `token`, `logprob`, and `top_logprobs`, the likeliest ones."""

ALTERNATIVES = 20
"""How many of the likeliest tokens are asked for: the most that hosted LMs give."""


def asking_logprobs(lm: dspy.LM) -> dict[str, Any]:
    """What asks `lm` for logprobs; empty where it is known not to give them, as reasoning models are."""
    if "max_completion_tokens" in lm.kwargs or "logprobs" not in lm.supported_params:
        return {}
    return {"logprobs": True, "top_logprobs": ALTERNATIVES}


def reply_tokens(prediction: Mapping[str, Any]) -> Sequence[Token]:
    """The tokens of a reply; none where there are no logprobs."""
    return (prediction.get("logprobs") or {}).get("content") or ()


def weights(token: Token, read: Callable[[str], Any]) -> dict[Any, float]:
    """What `read` makes of a token and of its alternatives -> their probability, spellings of one thing added up.

    What it reads as None is left out, and so is whatever is not among the likeliest tokens.
    """
    spellings = {other["token"]: other["logprob"] for other in (token, *token.get("top_logprobs", ()))}
    found: dict[Any, float] = {}
    for spelling, logprob in spellings.items():
        if (meant := read(spelling)) is not None:
            found[meant] = found.get(meant, 0.0) + math.exp(logprob)
    return found
