"""What an export sends is what judgegrad sends, byte for byte, and it reads the same replies alike."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.exporting.portable import expectations
from programs.optimizer.judge import Judge
from programs.settings import Settings
from tests.exporting.cases import NASTY, ROWS, SETTINGS, exported, judge, loaded, sent
from tests.fake import CHAT_END, DoubtfulEngine, FakeEngine, chat_reply, fake_lm
from tests.stub_server import stub_server

FORMS = list(product(("compact", "json", "chat"), (False, True), ("digits", "expected")))


def filled_in(folder: Path, row: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The requests of judge.json for a row, by the code that stands in it."""
    use = "\n".join(json.loads((folder / "judge.json").read_text(encoding="utf-8"))["use"])
    example = json.dumps(dict.fromkeys(row, "..."))
    assert example in use
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(use.replace(example, repr(row)), names)
    return list(names["bodies"])


@pytest.mark.parametrize(("adapter", "separate", "readout"), FORMS)
def test_filled_requests_are_what_judgegrad_sends(
    adapter: str, separate: bool, readout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = judge(adapter=adapter, separate=separate, readout=readout)
    (tmp_path / "judge.json").write_text(exported("openai", made)[""], encoding="utf-8")
    rows = ROWS if (adapter, readout) == ("compact", "digits") else ROWS[2:5]
    with stub_server() as server:
        bodies = sent(made, rows, server)
    assert [body for row in rows for body in filled_in(tmp_path, row, monkeypatch)] == bodies
    module = loaded(exported("promptfoo", made)["judge.py"])
    asked = [module.messages_of(call, row) for row in rows for call in module.CALLS]
    assert asked == [body["messages"] for body in bodies]
    assert ("logprobs" in bodies[0]) == (readout == "expected")
    assert ("response_format" in bodies[0]) == (adapter != "chat")


@pytest.mark.parametrize("rubric", NASTY)
def test_rubrics_stay_as_they_are(rubric: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = judge(rubric=rubric, separate=True)
    (tmp_path / "judge.json").write_text(exported("openai", made)[""], encoding="utf-8")
    module = loaded(exported("promptfoo", made)["judge.py"])
    with stub_server() as server:
        bodies = sent(made, ROWS[:1], server)
    assert [body for row in ROWS[:1] for body in filled_in(tmp_path, row, monkeypatch)] == bodies
    asked = [module.messages_of(call, row) for row in ROWS[:1] for call in module.CALLS]
    assert asked == [body["messages"] for body in bodies]


def test_demos_of_a_judge_go_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = judge()
    made.heads[0].demos = [dspy.Example(message="{{message}}", reply="Hi", polite=2, severity=0)]
    (tmp_path / "judge.json").write_text(exported("openai", made)[""], encoding="utf-8")
    with stub_server() as server:
        bodies = sent(made, ROWS[2:4], server)
    assert [each["role"] for each in bodies[0]["messages"]] == ["system", "user", "assistant", "user"]
    assert [body for row in ROWS[2:4] for body in filled_in(tmp_path, row, monkeypatch)] == bodies


def test_a_schema_that_is_off_is_not_exported() -> None:
    (request,) = json.loads(exported("openai", judge(schema="off"))[""])["requests"]
    assert "response_format" not in request


def test_a_reasoning_model_gets_no_temperature() -> None:
    (request,) = json.loads(exported("openai", judge(), Settings(lm="openai/o3"))[""])["requests"]
    assert request["model"] == "o3"
    assert not {"temperature", "max_tokens", "logprobs"} & set(request)


@pytest.mark.parametrize("separate", [False, True])
def test_the_text_shows_every_message_as_it_is_sent(separate: bool) -> None:
    made = judge(rubric=NASTY[4], separate=separate)
    text = exported("text", made)[""]
    with stub_server() as server:
        bodies = sent(made, [{"message": "{{message}}", "reply": "{{reply}}"}], server)
    for place, body in enumerate(bodies, start=1):
        assert f"==== LM call {place} of {len(bodies)}" in text
        for message in body["messages"]:
            assert f"---- {message['role']} ----\n{message['content']}\n" in text


REPLIES = (
    '{"polite": 3, "severity": -1}',
    'Sure:\n```json\n{"polite": "4", "severity": "2"}\n```',
    "{'polite': 5, 'severity': 0,}",
    '<think>{"polite": 1}</think>{"polite": 2, "severity": 1}',
    '{"polite": 2}',
    '{"polite": 9, "severity": 1}',
    '{"polite": 0, "severity": -2}',
    '{"polite": true, "severity": null}',
    '{"polite": 3.0, "severity": 1.5}',
    '{"polite": 3, "polite": 4, "severity": 1}',
    '{"polite": 3, "severity"',
    '{"polite": [3], "severity": {"a": 1}}',
    "I had rather not.",
    "",
    "{}",
)
MARKED = (
    chat_reply({"polite": 3, "severity": -1}),
    chat_reply({"severity": 2, "polite": 1}),
    chat_reply({"polite": 3}),
    chat_reply({"polite": 9, "severity": 1}),
    f"Thoughts first.\n[[ ## polite ## ]] 4\n[[ ## polite ## ]]\n5\n\n[[ ## severity ## ]]\n\n 0 \n{CHAT_END}",
    f"[[ ## polite ## ]]\n\n[[ ## severity ## ]]\n1\n{CHAT_END}",
    "I had rather not.",
    "",
)


def scores(made: Judge, reply: str) -> dict[str, Any]:
    with dspy.context(lm=fake_lm(FakeEngine(reply=lambda asked: reply))):
        return dict(made(**ROWS[0]).toDict())


@pytest.mark.parametrize("adapter", ["compact", "json", "chat"])
def test_replies_are_read_alike(adapter: str) -> None:
    made = judge(adapter=adapter)
    module = loaded(exported("promptfoo", made)["judge.py"])
    seen = set()
    for reply in MARKED if adapter == "chat" else REPLIES:
        found = module.scores_of(module.CALLS[0], reply)
        seen |= set(found.values())
        assert found == scores(made, reply), reply
    assert {None, 3, -1} <= seen


def tokens_of(engine: DoubtfulEngine, made: Judge) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """One reply, its tokens as a chat completion has them, and judgegrad's scores."""
    replies = []
    complete = engine.complete
    engine.complete = lambda request: replies.append(complete(request)) or replies[-1]  # type: ignore[func-returns-value, method-assign]
    with dspy.context(lm=fake_lm(engine)):
        judged = made(**ROWS[0]).toDict()
    tokens = [
        {"token": each.token, "logprob": each.logprob, "top_logprobs": [vars_of(other) for other in each.top]}
        for each in replies[0].logprobs
    ]
    return replies[0].message.text, tokens, judged


def vars_of(token: Any) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.logprob}


@pytest.mark.parametrize("to", ["inspect", "mlflow"])
def test_expectations_are_judgegrads(to: str) -> None:
    made = judge(readout="expected")
    packages = [
        "inspect_ai", "inspect_ai.model", "inspect_ai.scorer", "inspect_ai.solver", "mlflow", "mlflow.entities",
        "mlflow.genai", "mlflow.genai.judges", "mlflow.genai.scorers",
    ]  # fmt: skip
    module = loaded(exported(to, made)[""], packages)
    reply, tokens, judged = tokens_of(DoubtfulEngine(), made)
    said = json.loads(reply)
    assert judged == {"polite": (said["polite"] + 1) / 2, "severity": judged["severity"]}
    assert module.scores_of(module.CALLS[0], reply, tokens) == judged
    assert module.scores_of(module.CALLS[0], reply, ()) == said
    assert module.scores_of(module.CALLS[0], '{"polite": 7}', ()) == {"polite": None, "severity": None}


def test_expectations_leave_what_is_unscored() -> None:
    assert expectations({"a": None}, [], {"a": (1, 2)}) == {"a": None}


def test_settings_reach_the_requests() -> None:
    (request,) = json.loads(exported("openai", judge())[""])["requests"]
    assert (request["model"], request["temperature"], request["seed"]) == ("gpt-4o-mini", 0.2, SETTINGS.seed)


def test_the_lines_in_the_file_open_it_by_its_own_name() -> None:
    use = json.loads(exported("openai", judge(), name="exp.openai")[""])["use"]
    assert any('Path("exp.openai")' in line for line in use)
