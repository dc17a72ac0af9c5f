"""No form of a key is printed: those of the environment, and what addresses and headers in a message say."""

import sys
from base64 import b64encode
from urllib.parse import quote

import pytest

from programs import command
from programs.failures import without_secrets
from tests.reliability.canaries import forms

KEY = "sk-canary/Plus+and=0123456789"


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), b64encode(KEY.encode()).decode()])
def test_a_key_of_the_environment_is_named_and_not_shown(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    told = without_secrets(f"401 for {form}!")
    assert told.startswith("401 for <SOME_API_KEY>")
    assert not any(each in told for each in forms(KEY))


def test_the_password_of_a_proxy_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass%2Fword99@proxy:3128")
    coded = b64encode(b"user:pass/word99").decode()
    told = without_secrets(f"pass%2Fword99, pass/word99, Basic {coded}, http://user:pass%2Fword99@proxy:3128 failed")
    assert not any(each in told for each in ("word99", coded.rstrip("="), "user:"))
    assert told.endswith("://***@proxy:3128 failed")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("{'Authorization': 'Bearer abc.def-123456'}", "{'Authorization': 'Bearer ***'}"),
        ('"x-api-key": "abc123"', '"x-api-key": "***"'),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ("sent Bearer eyJhbGciOi.J9 to it", "sent Bearer *** to it"),
        ("http://a:b@host/v1?x=1&api_key=k&y=2", "http://***@host/v1?x=1&api_key=***&y=2"),
        ("a basic misunderstanding of the bearer information", "a basic misunderstanding of the bearer information"),
        ("needs an API key: export OPENAI_API_KEY=...", "needs an API key: export OPENAI_API_KEY=..."),
        ("no key, no token: row 3, column 'key'", "no key, no token: row 3, column 'key'"),
    ],
)
def test_what_a_message_says_of_keys_is_not_shown(text: str, safe: str) -> None:
    assert without_secrets(text) == safe


def test_short_values_garble_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    assert without_secrets("it is true") == "it is true"


def test_a_traceback_shows_no_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def fails(_: object) -> int:
        raise RuntimeError(f"no {KEY}")

    with pytest.raises(RuntimeError) as raised:
        command.run(fails)
    sys.excepthook(raised.type, raised.value, raised.tb)
    printed = capsys.readouterr().err
    assert "RuntimeError: no <SOME_API_KEY>" in printed
    assert "canary" not in printed
