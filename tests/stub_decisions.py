"""Servers on 127.0.0.1 that measure answers, by the wire of TypeSafe's System One and by that of vLLM."""

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.stub_server import StubServer, serving

END = 1
"""The token that ends a turn; every letter is a token by its number."""


class SystemOne(StubServer):
    """Answers `POST /v1/systemone`: a distribution a question, that depends on the text, the question and the rubric.

    Where `broken` names a question, its answer is left out.
    """

    broken = ""

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        answers = {name: self.answer(body["state"], each) for name, each in body["questions"].items()}
        answers.pop(self.broken, None)
        return {"model": body["model"], "answers": answers, "usage": {"input_tokens": 30, "output_tokens": 0}}

    def answer(self, state: str, question: Mapping[str, Any]) -> dict[str, Any]:
        levels = range(len(question["criteria"]))
        chosen = zlib.crc32(f"{question['instructions']}|{state}".encode()) % len(levels)
        return {"type": "score", "score": 0.0, "probabilities": shares(levels, chosen)}


class TokenScorer(StubServer):
    """vLLM's `/tokenize`, and `/v1/completions` with `logprob_token_ids`: the level 2 is always as likely as the others
    together."""

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        if "messages" in body:
            said = "".join(f"<{each['role']}>{each['content']}\n" for each in body["messages"]).rstrip("\n")
            return {"tokens": [*map(ord, said), *([] if body["continue_final_message"] else [END])]}
        tokens = body["logprob_token_ids"]
        choices = [{"index": place, "logprobs": self.logprobs(tokens)} for place in range(len(body["prompt"]))]
        return {"model": body["model"], "choices": choices, "usage": {"prompt_tokens": 40, "completion_tokens": 1}}

    def logprobs(self, tokens: Sequence[int]) -> dict[str, Any]:
        weighed = {f"token_id:{token}": math.log(0.5 if token == ord("2") else 0.125) for token in tokens}
        return {"top_logprobs": [weighed]}


def shares(levels: Sequence[int], chosen: int) -> dict[str, float]:
    """Three fifths for one level, the rest for all alike."""
    return {str(level): 0.6 * (level == chosen) + 0.4 / len(levels) for level in levels}


@contextmanager
def system_one() -> Iterator[SystemOne]:
    """A running server of System One; its address for `--api-base` is `server.root`."""
    with SystemOne() as server, serving(server):
        yield server


@contextmanager
def token_scorer() -> Iterator[TokenScorer]:
    """A running server that scores tokens; its address is `server.url`."""
    with TokenScorer() as server, serving(server):
        yield server
