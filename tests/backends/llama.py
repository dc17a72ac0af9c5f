"""A stand-in for the xllamacpp module: streams a scripted reply in llama.cpp's chunks."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

Heard = Callable[[dict[str, Any]], bool]


def token(text: str, logprob: float, *others: tuple[str, float]) -> dict[str, Any]:
    """One scored token as llama.cpp reports it; the chosen one comes first among its alternatives."""
    return {**scored(text, logprob), "top_logprobs": [scored(text, logprob), *(scored(*other) for other in others)]}


def scored(text: str, logprob: float) -> dict[str, Any]:
    return {"id": sum(text.encode()), "token": text, "bytes": list(text.encode()), "logprob": logprob}


def chunk(text: str | None, reason: str | None = None, tokens: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "finish_reason": reason, "delta": {} if reason else {"content": text}}
    if tokens:
        choice["logprobs"] = {"content": tokens}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}


def usage(prompt: int, completion: int, cached: int) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"id": "chatcmpl-1", "choices": [], "usage": {**counts, "prompt_tokens_details": {"cached_tokens": cached}}}


def reply(text: str, reason: str = "stop") -> list[dict[str, Any]]:
    return [chunk(None), *(chunk(letter) for letter in text), chunk(None, reason), usage(12, len(text), 8)]


class FakeLlama:
    """`sys.modules["xllamacpp"]` for a test: records every body, answers each with `answer(body)`'s chunks."""

    def __init__(self, answer: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda body: reply("fine")) -> None:
        self.answer = answer
        self.bodies: list[dict[str, Any]] = []
        self.loaded: list[SimpleNamespace] = []
        self.at_once = self.most_at_once = 0
        self._counting = threading.Lock()

    def CommonParams(self) -> SimpleNamespace:  # noqa: N802 (xllamacpp's name)
        return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())

    def Server(self, parameters: SimpleNamespace) -> SimpleNamespace:  # noqa: N802
        self.loaded.append(parameters)
        return SimpleNamespace(handle_chat_completions=self.handle)

    def handle(self, body: dict[str, Any], heard: Heard) -> None:
        with self._counting:
            self.bodies.append(body)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            for piece in self.answer(body):
                if heard(piece):
                    return
        finally:
            with self._counting:
                self.at_once -= 1
