"""What a judge sends, with placeholders where a row's texts go: recorded from the judge, not composed again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.lm15 import Message, Request, Response, TextPart, Usage

from programs.backends.metering import metered
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.records.calls import CallLog
from programs.settings import Settings
from signatures.records import Criterion

Body = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One LM call a row: the criteria that it scores, its messages, and the other parameters of a chat completion."""

    criteria: tuple[Criterion, ...]
    messages: list[dict[str, str]]
    options: Body

    @property
    def name(self) -> str:
        return "+".join(each.name for each in self.criteria)

    @property
    def scales(self) -> dict[str, tuple[int, ...]]:
        return {each.name: each.levels for each in self.criteria}


@dataclass(frozen=True)
class Exported:
    """A judge as the formats write it. `marks`: input -> the placeholder that stands for it in all messages.

    `model` is what an OpenAI-compatible server calls the LM, empty where that is not known; `api_base` the server's
    address, empty for OpenAI's own. `about` are lines on where the judge comes from and what was lost on the way.
    """

    judge: Judge
    calls: tuple[Call, ...]
    marks: Mapping[str, str]
    about: tuple[str, ...] = ()
    model: str = ""
    api_base: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.judge.task.input_names

    @property
    def expects(self) -> bool:
        """Whether its scores are expectations, for which token probabilities are needed."""
        return self.judge.readout == "expected"


class _Recorder:
    """An engine that can do everything, keeps what it is asked, and says nothing."""

    supports_response_schema = True
    supported_params = frozenset({"response_format", "temperature", "max_tokens", "seed", "logprobs", "top_logprobs"})

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def complete(self, request: Request) -> Response:
        self.asked.append(request)
        return Response("recorded", request.model, Message.assistant([TextPart("{}")]), "stop", Usage())


def recorded(judge: Judge, row: Mapping[str, str], settings: Settings) -> list[Body]:
    """The chat completions that the judge sends for a row, one a head, as an OpenAI-compatible server gets them.

    Raises UserError for a judge with a text that cannot be sent.
    """
    engine = _Recorder()
    lm = dspy.LM(settings.judge_lm or settings.lm, engine=engine, cache=False)
    lm = metered(lm, "judge", CallLog(), temperature=settings.judge_temperature, seed=settings.seed)
    try:
        with dspy.context(lm=lm, trace=None, disable_history=True):
            for head in range(len(judge.heads)):
                judge.answer(head, row)
    except ValueError as error:
        raise UserError(f"no LM can be asked by this judge: {error}") from None
    return [_body(request) for request in engine.asked]


def calls_of(judge: Judge, settings: Settings) -> tuple[tuple[Call, ...], dict[str, str]]:
    """The judge's calls, and its placeholders: `{{name}}`, or `{{name#2}}` where its own words hold that already."""
    names = judge.task.input_names
    words = "\n".join(each["content"] for body in recorded(judge, dict.fromkeys(names, "-"), settings)
                      for each in body["messages"])  # fmt: skip
    marks = {name: _mark(name, words) for name in names}
    bodies = recorded(judge, marks, settings)
    calls = (
        Call(judge.task.select(group), body.pop("messages"), body)
        for group, body in zip(judge.groups, bodies, strict=True)
    )
    return tuple(calls), marks


def _mark(name: str, words: str) -> str:
    mark, number = f"{{{{{name}}}}}", 1
    while mark in words:
        number += 1
        mark = f"{{{{{name}#{number}}}}}"
    return mark


def _body(request: Request) -> Body:
    """A request in the form of the chat completions API, without the model."""
    config = request.config
    spoken = [("system", str(request.system)), *((each.role, each.text) for each in request.messages)]
    body: Body = {"messages": [{"role": role, "content": text} for role, text in spoken]}
    body |= {name: value for name in ("temperature", "seed") if (value := getattr(config, name)) is not None}
    if config.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": config.logprobs}
    if config.response_format is not None:
        body["response_format"] = _response_format(json.loads(json.dumps(config.response_format)))
    return body


def _response_format(form: Body) -> Body:
    """DSPy holds the schema beside its name, the API under `json_schema`."""
    if form["type"] != "json_schema" or "json_schema" in form:
        return form
    return {"type": form["type"], "json_schema": {name: form[name] for name in ("name", "schema", "strict")}}
