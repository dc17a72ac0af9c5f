"""Replies of which only digits are the model's to choose: the fixed text between them is given, not generated.

Of `{"joy":2,"anger":0}` a schema leaves the model two tokens, and yet llama.cpp generates all of them one by one. Here
each score is asked for in a request of its own that ends with the reply so far: what is fixed is read as a prompt is,
several tokens at a time, and what was read before is reused.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from dspy.lm15 import InvalidRequestError, Message, Request, Response, TextPart, TokenLogprob, Usage

from programs.backends.dialect import body, is_plain, logprobs_of, refuse_errors, text_of, usage_of

Chunks = Sequence[Mapping[str, Any]]
Ask = Callable[[dict[str, Any]], Chunks]
"""A request's body -> the chunks of its reply."""


@dataclass(frozen=True)
class Blank:
    """A score to be filled in: the fixed text before it, and the digits that it may be."""

    before: str
    levels: tuple[str, ...]


def blanks_of(request: Request) -> tuple[Blank, ...]:
    """The blanks of a reply that has no others than digits; none where it has, or the prompt shows it with spaces.

    A model that is held to another form than its prompt shows gives other scores.
    """
    schema = (request.config.response_format or {}).get("schema") or {}
    if not is_plain(schema):
        return ()
    properties = schema["properties"]
    keys = [json.dumps(name) + ":" for name in properties]
    levels = [_digits(each) for each in properties.values()]
    if not all(levels) or not any(_shows(words, keys) for words in _instructions(request)):
        return ()
    return tuple(Blank("{,"[place > 0] + key, each) for place, (key, each) in enumerate(zip(keys, levels, strict=True)))


def filled(request: Request, blanks: Sequence[Blank], ask: Ask) -> Response:
    """The reply with its blanks filled in, one `ask` each.

    Its usage counts the tokens of the whole reply, given or chosen. Raises lm15's error where llama.cpp reported one,
    and InvalidRequestError where it wrote no level.
    """
    written, parts = "", []
    for place, blank in enumerate(blanks):
        written += blank.before
        parts.append(ask(_asking(request, written, place, blank.levels)))
        refuse_errors(parts[-1])
        level = text_of(parts[-1])
        if level not in blank.levels:
            raise InvalidRequestError(f"the local runtime wrote no level after {written!r}: {level[:80]!r}")
        written += level
    return Response(
        id=next((chunk["id"] for chunk in chain(*parts) if "id" in chunk), None),
        model=request.model,
        message=Message.assistant([TextPart(written + "}")]),
        finish_reason="stop",
        usage=_usage([usage_of(chunks) for chunks in parts]),
        logprobs=tuple(_tokens(request, blanks, parts)) if request.config.logprobs is not None else None,
    )


def _instructions(request: Request) -> tuple[str, str]:
    """Where a prompt shows the reply's form: the system message, or the last line of the last message (`isolated`);
    never in the texts that are judged."""
    *_, last = request.messages[-1].text.splitlines() or [""]
    return str(request.system), last


def _shows(words: str, keys: Sequence[str]) -> bool:
    return all(key in words and f"{key} " not in words for key in keys)


def _digits(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The levels of a score; none where one is more than a digit: how long it gets is then the model's to choose."""
    levels = tuple(map(str, schema.get("enum", ())))
    return levels if all(len(level) == 1 and level.isdecimal() for level in levels) else ()


def _asking(request: Request, written: str, place: int, levels: Sequence[str]) -> dict[str, Any]:
    sent = body(request)
    sent["messages"] = [*sent["messages"], {"role": "assistant", "content": written}]
    sent["grammar"] = "root ::= " + " | ".join(json.dumps(level) for level in levels)
    sent["max_tokens"] = 1
    if "seed" in sent:  # one seed for all would tie the draws of the criteria together
        sent["seed"] = zlib.crc32(f"{sent['seed']} {place}".encode()) % 2**31
    return sent


def _usage(asked: Sequence[Usage]) -> Usage:
    """The first request's prompt, which ends with the first fixed text, and all that the later ones add to it."""
    prompts = [usage.input_tokens or 0 for usage in asked]
    chosen = sum(usage.output_tokens or 0 for usage in asked)
    given = sum(after - before for before, after in pairwise(prompts)) - (len(asked) - 1)
    output = chosen + given
    return Usage(
        input_tokens=prompts[0],
        output_tokens=output,
        total_tokens=prompts[0] + output,
        cache_read_tokens=asked[0].cache_read_tokens,
    )


def _tokens(request: Request, blanks: Sequence[Blank], parts: Sequence[Chunks]) -> Iterator[TokenLogprob]:
    """The reply's tokens, each fixed text as one that was certain."""
    for blank, chunks in zip(blanks, parts, strict=True):
        yield TokenLogprob(token=blank.before, logprob=0.0)
        yield from logprobs_of(request.config, chunks) or ()
    yield TokenLogprob(token="}", logprob=0.0)
