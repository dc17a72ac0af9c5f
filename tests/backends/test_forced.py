"""Replies whose fixed text is given: what llama.cpp is asked, and when it is not done."""

import json
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.lm15 import Config, ContextLengthError, InvalidRequestError, Message, Request

from programs.backends import local
from programs.backends.adapter import CompactAdapter
from programs.backends.forced import blanks_of
from programs.backends.local import LocalEngine
from programs.optimizer.judge import Judge
from programs.tasks.task import load_task
from tests.backends.llama import FakeLlama, chunk, reply, token, usage

SHAPE = 'Reply with one JSON object only: {"joy":<0-3>,"anger":<0-3>}'


def schema(levels: tuple[int, ...] = (0, 1, 2, 3), names: tuple[str, ...] = ("joy", "anger")) -> dict[str, Any]:
    properties = {name: {"type": "integer", "enum": list(levels)} for name in names}
    inner = {"type": "object", "properties": properties, "required": list(names)}
    return {"type": "json_schema", "schema": inner, "name": "reply", "strict": True}


def asked(system: str = SHAPE, form: dict[str, Any] | None = None, **options: Any) -> Request:
    config = Config(response_format=form or schema(), **options)
    return Request(model="local/m", system=system, messages=(Message.user("Hooray!"),), config=config)


@pytest.fixture
def llama(monkeypatch: pytest.MonkeyPatch) -> FakeLlama:
    """Says 2 to whatever is to be filled in first, and then 0."""
    fake = FakeLlama(lambda body: reply("2" if body["messages"][-1]["content"] == '{"joy":' else "0", "length"))
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", fake)
    monkeypatch.setattr(local, "_servers", {})
    return fake


def test_each_score_is_asked_for_after_the_reply_so_far(llama: FakeLlama) -> None:
    answer = LocalEngine(Path("m.gguf")).complete(asked(temperature=0.1, seed=4))
    assert (answer.text, answer.finish_reason) == ('{"joy":2,"anger":0}', "stop")
    assert [body["messages"][-1] for body in llama.bodies] == [
        {"role": "assistant", "content": '{"joy":'},
        {"role": "assistant", "content": '{"joy":2,"anger":'},
    ]
    assert [body["messages"][:-1] for body in llama.bodies] == [llama.bodies[0]["messages"][:-1]] * 2
    assert {(body["max_tokens"], body["grammar"]) for body in llama.bodies} == {(1, 'root ::= "0" | "1" | "2" | "3"')}
    assert len({body["seed"] for body in llama.bodies}) == 2


def test_the_judges_own_prompt_is_of_that_form(llama: FakeLlama) -> None:
    task = load_task("brighter")
    lm = dspy.LM("local/m", engine=LocalEngine(Path("m.gguf")), cache=False)
    with dspy.context(lm=lm, adapter=CompactAdapter()):
        readings = Judge(task).answer(0, dspy.Example(text="Hooray!", row_id="1").with_inputs("text"))
    assert [each.score for each in readings.values()] == [0] * len(task.criteria)
    assert len(llama.bodies) == len(task.criteria)


def test_the_tokens_of_the_whole_reply_are_counted(llama: FakeLlama) -> None:
    prompts = iter([(40, 30), (45, 41)])  # the second request adds the first digit and four fixed tokens
    llama.answer = lambda body: [chunk("1"), chunk(None, "length"), usage(*(pair := next(prompts))[:1], 1, pair[1])]
    answer = LocalEngine(Path("m.gguf")).complete(asked())
    assert (answer.usage.input_tokens, answer.usage.cache_read_tokens) == (40, 30)
    assert answer.usage.output_tokens == 2 + 4
    assert answer.usage.total_tokens == 46


def test_probabilities_are_those_of_the_digits(llama: FakeLlama) -> None:
    tokens = [token("1", -0.5, ("2", -1.0))]
    llama.answer = lambda body: [chunk("1", tokens=tokens), chunk(None, "length"), usage(9, 1, 0)]
    answer = LocalEngine(Path("m.gguf")).complete(asked(logprobs=2))
    assert answer.logprobs is not None
    assert "".join(each.token for each in answer.logprobs) == answer.text == '{"joy":1,"anger":1}'
    digits = [each for each in answer.logprobs if each.token == "1"]
    assert [[(other.token, other.logprob) for other in each.top] for each in digits] == [[("1", -0.5), ("2", -1.0)]] * 2
    assert {each.logprob for each in answer.logprobs if each.token != "1"} == {0.0}


def test_a_score_outside_its_scale_is_an_error_and_no_score(llama: FakeLlama) -> None:
    llama.answer = lambda body: reply("7", "length")
    with pytest.raises(InvalidRequestError, match="no level after"):
        LocalEngine(Path("m.gguf")).complete(asked())
    assert len(llama.bodies) == 1


def test_llamas_own_errors_are_passed_on(llama: FakeLlama) -> None:
    llama.answer = lambda body: [{"error": {"code": 400, "type": "exceed_context_size_error", "message": "too long"}}]
    with pytest.raises(ContextLengthError, match="too long"):
        LocalEngine(Path("m.gguf")).complete(asked())


@pytest.mark.parametrize(
    "request_",
    [
        asked(form=schema((1, 5, 10))),
        asked(form=schema((-1, 0, 1))),
        asked(form=schema(names=("joy", "anger", "fear"))),
        asked('Reply: {"joy": <0-3>, "anger": <0-3>}'),
        asked(form={"type": "json_object"}),
        Request(model="m", messages=(Message.user("hello"),)),
    ],
    ids=["two digits", "a sign", "not shown", "shown with spaces", "any JSON", "no schema"],
)
def test_other_replies_are_generated_whole(request_: Request) -> None:
    assert blanks_of(request_) == ()


def test_names_are_given_as_json_writes_them() -> None:
    shown = f"Reply: {json.dumps({'é': 0}, separators=(',', ':'))}"
    (blank,) = blanks_of(asked(shown, schema(names=("é",))))
    assert blank.before == '{"\\u00e9":'
