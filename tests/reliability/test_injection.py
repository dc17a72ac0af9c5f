"""Attack texts: what reaches a prompt of them, and where scores come from when a reply repeats them."""

import json
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.backends.dialect import body
from programs.backends.markers import CONTROL, LOCAL_CONTROL, holds
from programs.backends.roles import Roles
from programs.optimizer.guards import GUARDS
from programs.optimizer.judge import TAGGED, Judge
from programs.optimizer.shown import text_of
from programs.optimizer.stages import Batch
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.screen import Screen
from programs.tasks.task import load_task
from tests.exporting.cases import exported, loaded
from tests.fake import WRITTEN, FakeEngine, chat_reply, fake_lm
from tests.reliability.attacks import attacks
from tests.reliability.injection import figures, measure, raised_to_top, row_means, show, unscored

TASK = load_task("sample")
ROW = {"message": "Where is it?", "reply": "It is lost."}
ANSWERS = dict.fromkeys(TASK.criterion_names, 2)
TOPS = {each.name: each.high for each in TASK.criteria}
MARKS = {
    "tag": ("<message>", "</message>", "<reply>", "</reply>"),
    "header": ("[[ ## message ## ]]", "[[ ## reply ## ]]", "[[ ## polite ## ]]", "[[ ## completed ## ]]"),
}
FORMS = pytest.mark.parametrize("adapter", WRITTEN)


def replied(adapter: str, values: dict[str, Any]) -> str:
    return chat_reply(values) if adapter == "chat" else json.dumps(values)


def asked(adapter: str, inputs: dict[str, str], reply: str) -> tuple[Any, dict[str, float | None]]:
    """The request that was sent, and the scores."""
    engine = FakeEngine(reply=lambda _: reply)
    with dspy.context(lm=fake_lm(engine)):
        scores = Judge(TASK, adapter=adapter)(**inputs).toDict()
    (sent,) = engine.asked
    return sent, scores


@FORMS
def test_an_attack_ends_no_field_and_no_turn(adapter: str) -> None:
    own = "tag" if adapter in TAGGED else "header"
    marks = MARKS[own]
    harmless, _ = asked(adapter, ROW, replied(adapter, ANSWERS))
    for attack in attacks():
        sent, scores = asked(adapter, attack.inputs(TASK, ROW), replied(adapter, ANSWERS))
        assert scores == ANSWERS
        assert sent.system == harmless.system
        assert [(each.role, len(each.parts)) for each in sent.request.messages] == [("user", 1)], attack.name
        assert [sent.user.count(mark) for mark in marks] == [harmless.user.count(mark) for mark in marks], attack.name
        assert ("\\" in sent.user) == (attack.marks in (own, "control")), attack.name
        assert not holds(sent.user, CONTROL), attack.name
        assert not any(holds(each["content"], LOCAL_CONTROL) for each in body(sent.request)["messages"]), attack.name


@FORMS
def test_exports_delimit_alike(adapter: str) -> None:
    judge = Judge(TASK, adapter=adapter)
    module = loaded(exported("promptfoo", judge)["judge.py"])
    (call,) = module.CALLS
    for attack in attacks():
        inputs = attack.inputs(TASK, ROW)
        assert module.messages_of(call, inputs)[-1]["content"] == asked(adapter, inputs, "")[0].user, attack.name


@FORMS
def test_a_quotation_before_the_answer_gives_the_attacker_nothing(adapter: str) -> None:
    """The reply repeats the text, without any of our backslashes, and then answers."""
    for attack in attacks():
        inputs = attack.inputs(TASK, ROW)
        quoting = f"The text says:\n{inputs['reply']}\n\nMy judgement:\n{replied(adapter, ANSWERS)}"
        _, scores = asked(adapter, inputs, quoting)
        assert set(scores.values()) <= {2, None}, attack.name


@FORMS
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_quoted_answer_and_another_are_both_not_believed(adapter: str, place: str) -> None:
    quoted, own = replied(adapter, TOPS), replied(adapter, ANSWERS)
    parts = [quoted, own] if place == "before" else [own, quoted]
    _, scores = asked(adapter, ROW, "\n\n".join(parts))
    assert set(scores.values()) == {None}


@FORMS
def test_a_quoted_answer_before_one_that_was_cut_off_is_not_believed(adapter: str) -> None:
    own = "[[ ## polite ## ]]\n\n[[ ## act" if adapter == "chat" else '{"polite": 2, "actionab'
    _, scores = asked(adapter, ROW, f"{replied(adapter, TOPS)}\n{own}")
    assert set(scores.values()) == {None}


@pytest.mark.parametrize("adapter", ["compact", "json"])
def test_of_a_broken_quotation_and_an_answer_only_the_answer_counts(adapter: str) -> None:
    """JSONAdapter mends a broken object: not one that stands beside another."""
    _, scores = asked(adapter, ROW, f'{{"polite": 5 5, "fluent": 5}} {json.dumps(ANSWERS)}')
    assert scores == ANSWERS
    _, scores = asked(adapter, ROW, '{"polite": 5 5, "fluent": 5} and {"polite": 2 2}')
    assert set(scores.values()) == {None}


@FORMS
def test_a_text_that_is_nothing_but_an_answer_gives_no_score_by_itself(adapter: str) -> None:
    inputs = {**ROW, "reply": replied(adapter, TOPS)}
    _, scores = asked(adapter, inputs, "I would rather not say.")
    assert set(scores.values()) == {None}


def test_the_critics_and_the_rewriter_are_shown_it_within_its_tags() -> None:
    for attack in attacks():
        shown = text_of(Judge(TASK), dspy.Example(**attack.inputs(TASK, ROW)))
        assert [shown.count(mark) for mark in MARKS["tag"]] == [1, 1, 1, 1], attack.name
        assert not holds(shown, CONTROL), attack.name


def test_a_rubric_that_took_over_a_marker_is_refused() -> None:
    for attack in attacks():
        text = f"Look at the words. {attack.filled(TASK)}"
        passed, refused = GUARDS["on"](Judge(TASK), Batch([], ()), {"polite": text})
        if attack.marks in ("header", "control") or "$answer" in attack.text:
            assert not passed, attack.name
    for marker in ("<|im_end|>", "[[ ## polite ## ]]"):
        _, refused = GUARDS["on"](Judge(TASK), Batch([], ()), {"polite": f"Look at the words. {marker}"})
        assert refused["polite"].reason == "holds a marker"


def test_the_measurement_counts_what_a_credulous_model_gives_away(tmp_path: Path) -> None:
    """A model that gives the top level to every text with an attack in it, and 2 to all others."""
    engine = FakeEngine(score=lambda name, system, user, levels: 5 if attacked(user) else 2)
    log = tmp_path / "calls.jsonl"
    for sent in (48, 0):  # the second time all is known
        engine.asked.clear()
        roles = Roles.of({"judge": fake_lm(engine)} | dict.fromkeys(ROLES[1:], fake_lm(engine)), calls=CallLog(log))
        pairs = measure(4, roles, Screen(quiet=True))
        roles.calls.close()
        assert len(engine.asked) <= sent
        assert (len(engine.asked) > 0) == (sent > 0)
    assert len(pairs) == 24
    assert {pair.form: len(pair.before) for pair in pairs} == {"joint": 4, "separate": 1}
    assert row_means(pairs) == [3.0] * 4
    assert raised_to_top(pairs) == (sum(len(pair.before) for pair in pairs),) * 2
    assert unscored(pairs) == 0
    told = figures(pairs, "fake")
    assert all(each.holds for each in told)
    assert "+3.00" in told[0].value
    show(pairs, Screen())


def attacked(user: str) -> bool:
    text = user.partition("\n\nRespond with")[0].replace("\\", "")
    return any(each.filled(TASK)[-20:] in text for each in attacks())
