"""What llama.cpp is sent for a request, and what its chunks become."""

import json
from typing import Any

import pytest
from dspy.lm15 import (
    Config,
    ContextLengthError,
    FunctionTool,
    ImagePart,
    InvalidRequestError,
    Message,
    Request,
    ServerError,
    UnsupportedFeatureError,
    Usage,
    data,
)

from programs.backends.dialect import COMPACT, LONGEST_REPLY, body, grammar, response
from tests.backends.llama import chunk, reply, token, usage

SCHEMA = {"type": "object", "properties": {"joy": {"type": "integer", "enum": [0, 1, 2, 3]}}, "required": ["joy"]}
CONSTRAINED = {"type": "json_schema", "schema": SCHEMA, "name": "reply", "strict": True}


def request(*messages: Message, **options: Any) -> Request:
    system = options.pop("system", None)
    return Request(
        model="local/m", messages=messages or (Message.user("hello"),), system=system, config=Config(**options)
    )


def test_messages_keep_their_order_and_roles() -> None:
    sent = body(request(Message.user("a"), Message.assistant("b"), Message.user("c"), system="rules"))
    assert [(message["role"], message["content"]) for message in sent["messages"]] == [
        ("system", "rules"), ("user", "a"), ("assistant", "b"), ("user", "c"),
    ]  # fmt: skip


def test_structured_input_is_sent_as_json_and_several_parts_as_lines() -> None:
    sent = body(request(Message.user(["first", data({"a": 1})])))
    assert sent["messages"][0]["content"] == 'first\n{"a": 1}'


def test_settings_are_passed_on_and_unset_ones_are_left_out() -> None:
    sent = body(request(temperature=0.7, max_tokens=9, seed=3, stop=("END",), top_p=0.9))
    assert {name: sent[name] for name in ("temperature", "max_tokens", "seed", "stop", "top_p")} == {
        "temperature": 0.7, "max_tokens": 9, "seed": 3, "stop": ["END"], "top_p": 0.9,
    }  # fmt: skip
    bare = body(request())
    assert not {"seed", "stop", "top_p", "grammar", "logprobs"} & set(bare)
    assert (bare["temperature"], bare["max_tokens"]) == (0.0, LONGEST_REPLY)


def test_a_schema_becomes_a_grammar_of_one_line_that_keeps_the_order_of_fields() -> None:
    schema = {"properties": {"zeal": {"type": "string"}, "anger": SCHEMA["properties"]["joy"]}}
    sent = body(request(response_format={**CONSTRAINED, "schema": {**SCHEMA, **schema, "required": ["anger", "zeal"]}}))
    assert sent["grammar"].splitlines() == [
        "%llguidance {}",
        f'start: "{{" SPACE? "\\"zeal\\":" SPACE? {inner({"type": "string"})} '
        f'"," SPACE? "\\"anger\\":" SPACE? {inner({"type": "integer", "enum": [0, 1, 2, 3]})} SPACE? "}}"',
        'SPACE: " "',
    ]
    assert "response_format" not in sent


def inner(schema: dict[str, Any]) -> str:
    return "%json " + json.dumps({**schema, "x-guidance": COMPACT})


@pytest.mark.parametrize("more", [{"required": []}, {"$defs": {"level": {"type": "integer"}}}, {"properties": {}}])
def test_a_schema_that_is_no_plain_object_is_left_to_llguidance(more: dict[str, Any]) -> None:
    assert grammar({"schema": {**SCHEMA, **more}}) == f"%llguidance {{}}\nstart: {inner({**SCHEMA, **more})}"


def test_any_json_object_can_be_asked_for_without_a_schema() -> None:
    assert '"type": "object"' in grammar({"type": "json_object"})


@pytest.mark.parametrize(
    "refused",
    [
        Request(model="m", messages=(Message.user("x"),), tools=(FunctionTool(name="look_up"),)),
        request(Message.user([ImagePart(data="eA==", media_type="image/png")])),
        request(probabilities="required", response_format=CONSTRAINED),
    ],
    ids=["tools", "images", "measured judgments"],
)
def test_what_the_runtime_does_not_have_is_refused_before_it_is_sent(refused: Request) -> None:
    with pytest.raises(UnsupportedFeatureError):
        body(refused)


def test_a_streamed_reply_becomes_one_response_with_its_usage() -> None:
    answer = response(request(), reply("fine"))
    assert (answer.text, answer.finish_reason, answer.id, answer.model) == ("fine", "stop", "chatcmpl-1", "local/m")
    assert answer.usage == Usage(input_tokens=12, output_tokens=4, total_tokens=16, cache_read_tokens=8)


def test_a_reply_cut_by_max_tokens_says_so() -> None:
    assert response(request(max_tokens=2), reply("fi", "length")).finish_reason == "length"


def test_an_empty_reply_is_an_empty_text() -> None:
    assert response(request(), reply("")).text == ""


def test_logprobs_are_those_of_the_replys_own_tokens() -> None:
    chunks = [
        chunk('{"joy": ', tokens=[token('{"joy": ', -0.1, ("[", -2.5))]),
        chunk("2}", tokens=[token("2", -0.5, ("1", -1.0), ("3", -2.0)), token("}", -0.01)]),
        chunk(None, "stop"),
        usage(5, 3, 0),
    ]
    answer = response(request(logprobs=2), chunks)
    assert answer.logprobs is not None
    assert "".join(scored.token for scored in answer.logprobs) == answer.text
    digit = answer.logprobs[1]
    assert [(other.token, other.logprob) for other in digit.top] == [("2", -0.5), ("1", -1.0)]
    assert (digit.token, digit.logprob, digit.bytes) == ("2", -0.5, (50,))


def test_logprobs_of_the_chosen_tokens_alone_are_still_asked_for() -> None:
    asked = request(logprobs=0)
    assert (body(asked)["logprobs"], body(asked)["top_logprobs"]) == (True, 1)
    answer = response(asked, [chunk("a", tokens=[token("a", -0.5)]), chunk(None, "stop")])
    assert answer.logprobs is not None
    assert answer.logprobs[0].top == ()


def test_without_logprobs_asked_for_there_are_none() -> None:
    assert response(request(), reply("fine")).logprobs is None


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ({"code": 400, "type": "exceed_context_size_error", "message": "too long"}, ContextLengthError),
        ({"code": 400, "type": "invalid_request_error", "message": "bad"}, InvalidRequestError),
        ({"code": 500, "type": "server_error", "message": "broken"}, ServerError),
    ],
)
def test_llama_errors_become_lm15_errors(error: dict[str, Any], raised: type[Exception]) -> None:
    with pytest.raises(raised, match=error["message"]) as caught:
        response(request(), [{"error": error}])
    assert type(caught.value) is raised


def test_a_reply_that_breaks_off_is_an_error_and_no_short_answer() -> None:
    with pytest.raises(ServerError, match="broke off"):
        response(request(), [chunk("fi")])


@pytest.mark.parametrize(("text", "reason"), [("Sure! 2", "stop"), ('{"joy": 2', "stop"), ("```json\n{", "length")])
def test_a_reply_outside_its_schema_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match="did not follow the JSON schema"):
        response(request(response_format=CONSTRAINED), reply(text, reason))


def test_a_constrained_reply_cut_by_max_tokens_is_returned_as_cut() -> None:
    answer = response(request(response_format=CONSTRAINED), reply('{"jo', "length"))
    assert (answer.text, answer.finish_reason) == ('{"jo', "length")
