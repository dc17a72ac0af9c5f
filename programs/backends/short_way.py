"""The short way of a judgement: what `dspy.Predict` asks and reads through the compact adapter, without its machinery.

Request, key and reply are the same to the byte. It is taken where nobody listens on the long way, as in a run.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import dspy
from dspy.clients.errors import error_boundary  # no public name in 3.4
from dspy.utils.exceptions import AdapterParseError

from programs.backends.adapter import CompactAdapter, response_format
from programs.backends.isolated import IsolatedAdapter
from programs.backends.metering import MeteredEngine
from programs.backends.template import Filled, NoGap, Template

SILENT = ("trace", "usage_tracker", "send_stream", "track_usage")
"""DSPy's settings that must be unset: with one of them somebody wants to hear of every call."""

UNSET = (None, False)

SHORT = (CompactAdapter, IsolatedAdapter)
"""Adapters that make of a row one system message, the same for all rows, and one text."""


def short_reply(
    predict: dspy.Predict, adapter: Any, inputs: Mapping[str, Any], config: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What `predict(**inputs, config=config)` holds; None where only the long way will do. Raises what it raises."""
    lm = dspy.settings.lm
    if not _open(lm, predict, adapter):
        return None
    asked = _asked(lm, predict, adapter, inputs, config)
    if asked is None:
        return None
    with error_boundary(lm.model, unexpected=True):
        answer = lm.engine.ask(asked)
    return _read(predict.signature, adapter, answer.reply)


def _open(lm: Any, predict: dspy.Predict, adapter: Any) -> bool:
    """Whether nothing and nobody changes or hears what is said on the long way."""
    if not (type(lm) is dspy.LM and isinstance(lm.engine, MeteredEngine) and type(adapter) in SHORT):
        return False
    settings = dspy.settings
    examples = all(name in demo for demo in predict.demos for name in predict.signature.fields)
    changed = predict.lm or not examples or predict.config or predict.fields
    heard = predict.callbacks or lm.callbacks or settings.callbacks or not settings.disable_history
    return not changed and not heard and all(settings.get(name) in UNSET for name in SILENT)


def _asked(
    lm: dspy.LM,
    predict: dspy.Predict,
    adapter: CompactAdapter,
    inputs: Mapping[str, Any],
    config: Mapping[str, Any],
) -> Filled | None:
    schema, signature = adapter.constrains(lm), predict.signature
    examples = adapter.turns(signature, predict.demos)
    said = tuple(message["content"] for message in examples)
    template = lm.engine.made(
        (lm, signature, type(adapter), schema, said, *config.items()),
        lambda: _template(lm, signature, adapter, schema, config, examples),
    )
    text = adapter.user(signature, dict(inputs), predict.demos)
    if template is None or not text:
        return None
    try:
        return template.asked(text)
    except TypeError:  # no UTF-8 form: DSPy says so better
        return None


def _template(
    lm: dspy.LM,
    signature: type[dspy.Signature],
    adapter: CompactAdapter,
    schema: bool,
    config: Mapping[str, Any],
    examples: Sequence[Mapping[str, Any]] = (),
) -> Template | None:
    options = {**config, "response_format": response_format(signature)} if schema else config
    before = [{"role": "system", "content": adapter.system(signature)}, *examples]
    try:
        return Template.of(lm, before, options, lm.engine.seed)
    except NoGap:
        return None


def _read(signature: type[dspy.Signature], adapter: CompactAdapter, reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """The valid fields of a reply, and its tokens where all fields are valid."""
    text = "".join(map(_text_of, reply["message"]["parts"]))
    if not text:
        raise AdapterParseError(
            adapter_name=type(adapter).__name__, signature=signature, lm_response=text, message="the reply is empty"
        )
    fields = adapter.parse(signature, text)
    tokens = [{**token, "top_logprobs": token.get("top", ())} for token in reply.get("logprobs", ())]
    return {**fields, "logprobs": {"content": tokens}} if tokens else fields


def _text_of(part: Mapping[str, Any]) -> str:
    """A part's text; DSPy has parsed some replies that followed a schema already."""
    if part["type"] == "data":
        return json.dumps(part["value"], ensure_ascii=False)
    return part["text"] if part["type"] == "text" else ""
