"""What a command makes of errors: exit codes, one line, no keys, and an end even while a call hangs."""

import signal
import subprocess
import sys

import dspy
import pytest

from programs import command
from programs.errors import UserError


def ended(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and the line of a command that raises `error`."""

    def fails(_: object) -> int:
        raise error

    with pytest.raises(SystemExit) as exit_:
        command.run(fails)
    return exit_.value.code, capsys.readouterr().err


def test_each_kind_of_failure_has_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(UserError("row 3: no"), capsys) == (2, "error: row 3: no\n")
    assert ended(dspy.LMError("gone"), capsys) == (3, "error: an LM failed: gone\n")
    assert ended(KeyboardInterrupt(), capsys) == (130, "error: interrupted\n")


def test_a_key_that_a_server_repeats_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    code, line = ended(dspy.LMError("401: Incorrect API key provided: sk-canary-0123456789."), capsys)
    assert (code, line) == (3, "error: an LM failed: 401: Incorrect API key provided: <OPENAI_API_KEY>.\n")


def test_a_server_without_schemas_gets_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    _, line = ended(dspy.LMError("400: response_format of type json_schema is not supported"), capsys)
    assert line.endswith("use --schema off\n")


HANGING = """
import os, signal, sys, threading
from programs import command
from programs.optimizer.fan_out import fan_out

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

def call(_):
    print("in flight", flush=True)
    threading.Event().wait(60)

command.run(lambda _: fan_out(call, [1], threads=1))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_ctrl_c_or_sigterm_leaves_a_call_that_hangs(number: signal.Signals, code: int) -> None:
    with subprocess.Popen([sys.executable, "-c", HANGING], stdout=-1, stderr=-1, text=True) as process:
        try:
            assert process.stdout and process.stderr
            assert process.stdout.readline() == "in flight\n"
            process.send_signal(number)
            assert "waiting for 1 calls in flight; Ctrl-C again leaves them" in process.stderr.readline()
            process.send_signal(number)
            assert process.wait(timeout=20) == code
        finally:
            process.kill()
