"""A few of the commands that `canaries.py` tries, in this process: a planted key stands in no file and no output."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.commands import run
from tests.reliability.canaries import forms, held, leaks, tried
from tests.reliability.canary_trials import CANARIES, ENVIRONMENT, Trial, trials
from tests.reliability.echo_server import echo_server


def test_no_key_is_written_or_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def invoke(trial: Trial, folder: Path) -> tuple[int, str]:
        for name, value in (trial.extra or {}).items():
            monkeypatch.setenv(name, value)
        code = run(import_module(f"programs.{trial.command}").main, *trial.flags, monkeypatch=monkeypatch)
        return code, "".join(capsys.readouterr())

    with echo_server() as server:
        every = trials(tmp_path, server)
        wanted = [each for each in every if {"one", "failed-2", "traced"} & {*map(str, each.flags)}]
        wanted += [each for each in every if any(str(flag).startswith("address-") for flag in each.flags)]
        wanted += [each for each in every if each.command in ("score", "export") and each.mode == "401"]
        printed = tried(tmp_path, server, invoke, wanted)
        assert held(server.told) == {"key of the LM"}
    assert [where.rpartition(" ")[2] for where in printed] == ["0", "3", "3", "2", "2", "2", "2", "3"]
    assert "Traceback" in next(text for where, text in printed.items() if " 3 optimize" in where)
    assert leaks(tmp_path, printed) == []


def test_a_leak_is_found(tmp_path: Path) -> None:
    key = CANARIES["key of the LM"]
    for place, form in enumerate(sorted(forms(key))):
        (tmp_path / f"{place}.txt").write_bytes(b"\x00 before" + form.encode() + b"after")
    assert len(leaks(tmp_path, {"output": f"key {key}"})) == len(forms(key)) + 1
    assert leaks(tmp_path / "none", {"output": "key"}) == []
