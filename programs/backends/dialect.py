"""Between DSPy's lm15 and llama.cpp's chat completions: one request, its streamed reply, its errors."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dspy.lm15 import (
    Config,
    ContextLengthError,
    InvalidRequestError,
    Message,
    ProviderError,
    Request,
    Response,
    ServerError,
    TextPart,
    TokenLogprob,
    TopLogprob,
    UnsupportedFeatureError,
    Usage,
)

from programs.backends.markers import without_control

LONGEST_REPLY = 1024
"""Most tokens of a reply when the request names no `max_tokens`: a small model that rambles must end some time."""

COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":", "lenient": True}
"""llguidance's options for JSON without spaces; `lenient` skips keywords that it does not know."""

NO_LOOPS = {"dry_multiplier": 0.8, "dry_allowed_length": 6}
"""llama.cpp's DRY sampler ("don't repeat yourself"): small models else repeat a sentence to the limit.

For prose only, so an engine must be told that this is what it writes: in a reply with scores it would lower the
probability of a digit that an earlier example was given.
"""

PASSED_ON = ("seed", "top_p", "top_k", "frequency_penalty", "presence_penalty")


def body(request: Request) -> dict[str, Any]:
    """The request as llama.cpp takes it, streamed. Without a temperature it is greedy.

    Raises UnsupportedFeatureError for what the runtime does not have: tools, images, measured judgments.
    """
    config = request.config
    if request.tools:
        raise UnsupportedFeatureError("the local model calls no tools", feature="tools")
    if config.probabilities == "required":
        raise UnsupportedFeatureError("the local model gives logprobs instead", feature="config.probabilities")
    sent: dict[str, Any] = {
        "messages": _messages(request),
        "max_tokens": config.max_tokens or LONGEST_REPLY,
        "temperature": config.temperature or 0.0,
        "cache_prompt": True,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,  # so that a long prompt, too, can be interrupted
    }
    sent |= {name: value for name in PASSED_ON if (value := getattr(config, name)) is not None}
    if config.stop:
        sent["stop"] = list(config.stop)
    if config.logprobs is not None:
        sent |= {"logprobs": True, "top_logprobs": max(config.logprobs, 1)}  # 0 would switch them off
    if config.response_format is not None:
        sent["grammar"] = grammar(config.response_format)
    return sent


def grammar(response_format: Mapping[str, Any]) -> str:
    """llguidance's grammar of a JSON schema, on one line.

    Passed as a grammar because llama.cpp's own `response_format` drops llguidance's options, and the model then spends
    tokens on indentation. Between the members of a plain object one space is free: to force or forbid it pushes the
    model off the form that its prompt shows, which shifts the scores, and where any number is free it can write
    nothing else.
    """
    schema = response_format.get("schema", {"type": "object"})
    if not is_plain(schema):
        return f"%llguidance {{}}\nstart: {_json(schema)}"
    members = [
        f"{json.dumps(json.dumps(name) + ':')} SPACE? {_json(value)}" for name, value in schema["properties"].items()
    ]
    joined = ' "," SPACE? '.join(members)
    return f'%llguidance {{}}\nstart: "{{" SPACE? {joined} SPACE? "}}"\nSPACE: " "'


def is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether it is an object of required members that refer to nothing outside them, as all replies here are."""
    names = list(schema.get("properties", ()))
    return bool(names) and sorted(names) == sorted(schema.get("required", ())) and "$defs" not in schema


def _json(schema: Mapping[str, Any]) -> str:
    return "%json " + json.dumps({**schema, "x-guidance": COMPACT})


def response(request: Request, chunks: Sequence[Mapping[str, Any]]) -> Response:
    """The streamed chunks as one Response. Raises lm15's error where llama.cpp reported one."""
    refuse_errors(chunks)
    text = text_of(chunks)
    reasons = [choice["finish_reason"] for choice in _choices(chunks) if choice.get("finish_reason")]
    if not reasons:
        raise ServerError("the local model's reply broke off")
    if request.config.response_format is not None:
        _check_followed(text, whole=reasons[-1] == "stop")
    return Response(
        id=next((chunk["id"] for chunk in chunks if "id" in chunk), None),
        model=request.model,
        message=Message.assistant([TextPart(text)]),
        finish_reason="length" if reasons[-1] == "length" else "stop",
        usage=usage_of(chunks),
        logprobs=logprobs_of(request.config, chunks),
    )


def text_of(chunks: Sequence[Mapping[str, Any]]) -> str:
    """What was said in the chunks of one reply."""
    return "".join(choice["delta"].get("content") or "" for choice in _choices(chunks))


def refuse_errors(chunks: Sequence[Mapping[str, Any]]) -> None:
    """Raises lm15's error where llama.cpp reported one."""
    for chunk in chunks:
        if "error" in chunk:
            raise failure(chunk["error"])


def failure(error: Mapping[str, Any]) -> ProviderError:
    """llama.cpp's error as lm15's."""
    message = str(error.get("message", error))
    if error.get("type") == "exceed_context_size_error":
        return ContextLengthError(message)
    return InvalidRequestError(message) if int(error.get("code", 500)) < 500 else ServerError(message)


def _messages(request: Request) -> list[dict[str, str]]:
    """llama.cpp reads the tokens of a chat template wherever they stand, so no message may hold one: it would end its
    own turn and begin another."""
    system = request.system if isinstance(request.system, str) else _text(request.system or ())
    spoken = [("system", system)] if system else []
    spoken += [(_role(message), _text(message.parts)) for message in request.messages]
    return [{"role": role, "content": without_control(text)} for role, text in spoken]


def _role(message: Message) -> str:
    return "system" if message.role == "developer" else message.role


def _text(parts: Sequence[Any]) -> str:
    return "\n".join(_part_text(part) for part in parts)


def _part_text(part: Any) -> str:
    if part.type == "text":
        return str(part.text)
    if part.type == "data":
        return json.dumps(part.value)
    raise UnsupportedFeatureError(f"the local model reads text only, not {part.type}", feature="messages")


def _choices(chunks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [choice for chunk in chunks for choice in chunk.get("choices", ())]


def usage_of(chunks: Sequence[Mapping[str, Any]]) -> Usage:
    """The tokens of one reply and its prompt."""
    usage: Mapping[str, Any] = next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), {})
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        total_tokens=usage.get("total_tokens"),
        cache_read_tokens=details.get("cached_tokens"),
    )


def logprobs_of(config: Config, chunks: Sequence[Mapping[str, Any]]) -> tuple[TokenLogprob, ...] | None:
    """The reply's tokens with their probabilities; None where they were not asked for."""
    if config.logprobs is None:
        return None
    tokens = [token for choice in _choices(chunks) for token in (choice.get("logprobs") or {}).get("content", ())]
    return tuple(_token(token, config.logprobs) for token in tokens)


def _token(token: Mapping[str, Any], alternatives: int) -> TokenLogprob:
    top = tuple(TopLogprob(**_scored(other)) for other in token.get("top_logprobs", ())[:alternatives])
    return TokenLogprob(**_scored(token), top=top)


def _scored(token: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "token": token["token"],
        "logprob": float(token["logprob"]),
        "bytes": tuple(token["bytes"]),
        "token_id": token["id"],
    }


def _check_followed(text: str, whole: bool) -> None:
    """A schema that llguidance cannot read is ignored by llama.cpp without a word; nobody must score such replies."""
    try:
        if whole:
            json.loads(text)
        followed = text.startswith("{")
    except ValueError:
        followed = False
    if not followed:
        raise InvalidRequestError(f"the local runtime did not follow the JSON schema: it replied {text[:80]!r}")
