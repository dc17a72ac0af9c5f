"""The short way of a judgement says and reads what the long one does, to the byte, and is left where one listens."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.clients.execution import PreparedCall

from programs.backends import short_way
from programs.backends.adapter import CompactAdapter
from programs.backends.roles import Roles
from programs.backends.template import GAP
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion, Judgement
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm
from tests.stub_server import StubServer, stub_server

KEPT = Path(__file__).with_name("calls_of_the_long_way.jsonl")
"""Written before there was a short way, by these judges on these rows."""

TASK = Task(
    "kept",
    'Judge the "text".',
    (Input("source", "Source"), Input("text", "Text")),
    (Criterion("fluency", 1, 5), Criterion("depth", 0, 3)),
)
TEXTS = ("plain", 'a "b"\\ \n\t\x01 \x7f é 漢 😀 </text> <TEXT>', "x" * 300)
ROWS = [
    dspy.Example(source=f"source {place}", text=text, row_id=str(place)).with_inputs("source", "text")
    for place, text in enumerate(TEXTS)
]


def judges() -> list[Judge]:
    apart = Judge(TASK, [("fluency",), ("depth",)], readout="expected")
    return [Judge(TASK), apart, Judge(TASK, schema="off")]


def judged(lm: dspy.LM, calls: CallLog, rows: list[dspy.Example] = ROWS) -> list[Judgement]:
    roles = Roles.of(dict.fromkeys(ROLES, lm), calls=calls, seed=3, max_tokens={"judge": 64})
    with roles.playing("judge"):
        return [each for judge in judges() for each in judge_rows(judge, rows, Pool(1))]


def served(server: StubServer, **options: Any) -> dspy.LM:
    return dspy.LM("openai/stub", api_base=server.url, api_key="none", num_retries=0, **{"cache": False, **options})


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each answer came by the short way."""
    taken: list[bool] = []
    short = short_way.short_reply

    def noted(*given: Any) -> Any:
        taken.append(False)
        found = short(*given)
        taken[-1] = found is not None
        return found

    monkeypatch.setattr("programs.optimizer.judge.short_reply", noted)
    return taken


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Closes the short way."""
    return lambda: monkeypatch.setattr("programs.optimizer.judge.short_reply", lambda *_: None)


def test_a_log_of_the_long_way_is_replayed(tmp_path: Path, ways: list[bool]) -> None:
    log = Path(shutil.copy(KEPT, tmp_path / "calls.jsonl"))
    calls, engine = CallLog(log), DoubtfulEngine()
    found = judged(fake_lm(engine), calls)
    calls.close()
    assert all(ways) and not engine.asked
    assert calls.summary()["judge"]["reused"] == len(ways) == 12
    assert log.read_bytes() == KEPT.read_bytes()
    assert all(score is not None for each in found for score in each.scores.values())


def test_bodies_replies_and_log_are_those_of_the_long_way(
    tmp_path: Path, ways: list[bool], long_way: Callable[[], None]
) -> None:
    with stub_server(DoubtfulEngine()) as server:
        found, bodies = [], []
        for name in ("short", "long"):
            calls = CallLog(tmp_path / name, keep_prompts=True)
            found.append(judged(served(server), calls))
            calls.close()
            bodies.append(list(server.bodies))
            server.bodies.clear()
            long_way()
    assert all(ways)
    assert found[0] == found[1]
    assert bodies[0] == bodies[1]
    assert [list(body) for body in bodies[0]] == [list(body) for body in bodies[1]]
    assert (tmp_path / "short").read_bytes() == (tmp_path / "long").read_bytes()


def test_plain_dspy_sends_the_same_messages_and_schema(ways: list[bool]) -> None:
    judge = Judge(TASK, schema="on")
    with stub_server() as server:
        with Roles.of(dict.fromkeys(ROLES, served(server)), seed=3).playing("judge"):
            judge(**ROWS[1].inputs())
        with dspy.context(lm=served(server), trace=[]):
            judge(**ROWS[1].inputs())
        ours, plain = server.bodies
    assert ways == [True, False]
    assert {name: ours[name] for name in plain} == plain and "response_format" in plain
    assert ours["response_format"]["json_schema"]["schema"]["properties"]["depth"]["enum"] == [0, 1, 2, 3]


@pytest.mark.parametrize("way", ["short", "long"])
def test_a_reply_is_ours_to_read_on_a_scale_from_0(way: str, long_way: Callable[[], None]) -> None:
    if way == "long":
        long_way()
    said = iter(['{"fluency": 2, "depth": NaN}', '{"fluency": 2, "depth": 1, "depth": 3}', '{"fluency":2,"depth":0}'])
    with stub_server(FakeEngine(reply=lambda _: next(said))) as server:
        roles = Roles.of(dict.fromkeys(ROLES, served(server)), seed=3)
        with roles.playing("judge"):
            found = [dict(each.scores) for each in judge_rows(Judge(TASK), ROWS, Pool(1))]
    assert found == [{"fluency": 2, "depth": None}, {"fluency": 2, "depth": None}, {"fluency": 2, "depth": 0}]


def test_both_ways_share_the_cache_of_dspy(long_way: Callable[[], None]) -> None:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
    with stub_server(DoubtfulEngine()) as server:
        first, second = CallLog(), CallLog()
        short = judged(served(server, cache=True), first)
        long_way()
        assert judged(served(server, cache=True), second) == short
        assert len(server.bodies) == 12
        kept = list(server.bodies)
    assert first.summary()["judge"]["calls"] == len(kept)
    tally = second.summary()["judge"]
    assert (tally["calls"], tally["reused"], tally["prompt_tokens"]) == (0, 12, 0)


def test_what_is_cached_is_found_on_the_short_way(
    long_way: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
    with stub_server(DoubtfulEngine()) as server:
        with monkeypatch.context() as patched:
            patched.setattr("programs.optimizer.judge.short_reply", lambda *_: None)
            long = judged(served(server, cache=True), CallLog())
        calls = CallLog()
        assert judged(served(server, cache=True), calls) == long
        assert len(server.bodies) == calls.summary()["judge"]["reused"] == 12


def test_the_entry_in_the_cache_is_named_as_dspy_names_it() -> None:
    lm = Roles.of(dict.fromkeys(ROLES, fake_lm()), seed=3).lms["judge"]
    sender = lm.engine.sender
    template = short_way._template(lm, Judge(TASK).heads[0].signature, CompactAdapter(), True, {})
    assert template is not None
    asked = template.asked(TEXTS[1])
    call = PreparedCall(None, None, {"rollout_id": 3}, {}, asked.request, True, 1, True)
    assert sender._entry(asked) == call.key(sender.inner, False)


def test_a_failing_server_is_counted_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programs.backends.clock.Clock.rest", lambda *_: None)
    with stub_server() as server:
        server.status = 503
        lm = served(server)
        calls = CallLog()
        with pytest.raises(dspy.LMServerError) as caught:
            judged(lm.copy(num_retries=2), calls, ROWS[:1])
    assert caught.value.status == 503 and "the stub fails" in str(caught.value)
    tally = calls.summary()["judge"]
    assert (tally["calls"], tally["failed"]) == (9, 9)  # three calls in a row, each tried three times


@pytest.mark.parametrize("setting", [{"trace": []}, {"disable_history": False}, {"track_usage": True}])
def test_who_listens_gets_the_long_way(ways: list[bool], setting: dict[str, Any]) -> None:
    roles = Roles.of(dict.fromkeys(ROLES, fake_lm()))
    with roles.playing("judge"), dspy.context(**setting):
        Judge(TASK)(source="s", text="t")
    assert ways == [False]


def test_callbacks_hear_every_call(ways: list[bool]) -> None:
    class Ears(dspy.utils.BaseCallback):  # type: ignore[misc]
        heard = 0

        def on_lm_start(self, *_: Any, **__: Any) -> None:
            Ears.heard += 1

    roles = Roles.of(dict.fromkeys(ROLES, fake_lm()))
    with roles.playing("judge"), dspy.context(callbacks=[Ears()]):
        Judge(TASK)(source="s", text="t")
    assert ways == [False] and Ears.heard


def test_a_rubric_that_holds_the_gap_takes_the_long_way(ways: list[bool]) -> None:
    engine = FakeEngine()
    roles = Roles.of(dict.fromkeys(ROLES, fake_lm(engine)))
    with roles.playing("judge"):
        Judge(TASK, rubric={"fluency": f"It says {GAP}."})(source="s", text="t")
    assert ways == [False] and GAP in engine.asked[0].system


def test_a_text_that_holds_the_gap_is_a_text(ways: list[bool]) -> None:
    engine = FakeEngine()
    roles = Roles.of(dict.fromkeys(ROLES, fake_lm(engine)))
    with roles.playing("judge"):
        Judge(TASK)(source=GAP, text=GAP)
    assert ways == [True] and engine.asked[0].user.count(GAP) == 2


def test_a_text_without_a_utf8_form_is_refused_as_ever() -> None:
    roles = Roles.of(dict.fromkeys(ROLES, fake_lm()))
    with roles.playing("judge"), pytest.raises(ValueError, match="lone surrogate"):
        Judge(TASK)(source="s", text="\ud800")
