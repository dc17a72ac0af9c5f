"""A server that keeps requests and says nothing: it is asked whether it is there before anything is made of it."""

import socket
import threading

import dspy
import pytest

from programs.backends import watch
from programs.backends.names import language_model
from programs.backends.roles import Roles
from programs.backends.watch import QUIET, Watch, is_there
from tests.stub_server import stub_server

ROLES = ("judge", "loss", "gradient", "rewrite", "rater")


@pytest.fixture
def mute() -> "socket.socket":
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def address(listening: "socket.socket") -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def test_any_answer_shows_that_a_server_is_there(mute: "socket.socket", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 0.05)
    with stub_server() as server:
        assert is_there(server.url)  # it answers 501
    assert not is_there(server.url)
    assert not is_there(address(mute))


def test_it_is_asked_after_a_silence_only_and_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    silences = iter([QUIET - 1, QUIET, QUIET, None])
    asked: list[str] = []
    one = Watch("http://there", lambda: next(silences), pytest.fail, lambda at: bool(asked.append(at)) or True)
    assert [one.look() for _ in range(4)] == [True, True, True, False]
    assert len(asked) == 2
    assert capsys.readouterr().err.count("no reply from http://there for 20 s, but it is there") == 1


def test_a_server_that_is_heard_while_it_is_asked_is_not_gone() -> None:
    silences = iter([QUIET, 0.0])
    assert Watch("http://slow", lambda: next(silences), pytest.fail, lambda _: False).look()


def test_calls_to_a_server_that_hangs_end_in_one_line(mute: "socket.socket", monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("QUIET", 0.05), ("LOOK_EVERY", 0.02), ("PATIENCE", 0.05)):
        monkeypatch.setattr(watch, name, seconds)
    lm = language_model("some-model", api_base=address(mute), cache=False)
    roles = Roles.of(dict.fromkeys(ROLES, lm))
    with roles.playing("judge"), pytest.raises(dspy.LMTransportError, match="keeps requests and answers nothing"):
        dspy.settings.lm("hello")
    assert roles.calls.summary()["judge"]["calls"] == 1


def test_a_time_out_that_was_given_is_all_that_is_waited_for(mute: "socket.socket") -> None:
    before = {*threading.enumerate()}
    lm = language_model("some-model", api_base=address(mute), cache=False, timeout=0.05, num_retries=0)
    roles = Roles.of(dict.fromkeys(ROLES, lm))
    with roles.playing("judge"), pytest.raises(dspy.LMError, match="timed out"):
        dspy.settings.lm("hello")
    assert not [thread for thread in {*threading.enumerate()} - before if thread.name == "watch"]
