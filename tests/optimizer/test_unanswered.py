"""One role failing by itself: the run ends, the others' results are as ever, what is missing is said and counted."""

import json
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import optimize
from programs.checking.scoring import _refuse_gaps
from programs.records.calls import CallLog
from tests.backends.clock import FakeClock
from tests.commands import SIZES, own_task, run
from tests.fake import FakeEngine, fake_lm, stage_of


class Broken(FakeEngine):
    """Fails every request of one role."""

    def __init__(self, role: str = "") -> None:
        super().__init__()
        self.role = role

    def complete(self, request: Any) -> Any:
        if stage_of(request) == self.role:
            raise dspy.lm15.ServerError("overheated", status=500)
        return super().complete(request)


def optimized(role: str, table: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    lm = fake_lm(Broken(role), num_retries=1)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: lm)
    monkeypatch.setattr("programs.backends.server.Clock", FakeClock)
    flags = [*own_task(table), *SIZES, "--mode", "SCC", "--run", role or "fair", "--runs-dir", runs]
    return run(optimize.main, *flags, monkeypatch=monkeypatch)


def test_roles_that_fail_alone_harm_no_other(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert optimized("", table, tmp_path, monkeypatch) == 0
    fair = json.loads((tmp_path / "fair" / "scores.json").read_text())["judges"]["0"]
    assert "failures" not in json.loads((tmp_path / "fair" / "summary.json").read_text())
    for role in ("loss", "rewrite"):
        capsys.readouterr()
        assert optimized(role, table, tmp_path, monkeypatch) == 0
        summary = json.loads((tmp_path / role / "summary.json").read_text())
        lost = summary["calls"][role]["given_up"]
        assert lost > 0
        assert {other for other, tally in summary["calls"].items() if tally["failed"]} == {role}
        assert summary["failures"] == {role: {"server": summary["calls"][role]["failed"]}}
        assert json.loads((tmp_path / role / "scores.json").read_text())["judges"] == {"0": fair, "kept": fair}
        said = f"so unscored or without a text: {role} {lost} of {lost}"
        assert said in capsys.readouterr().out
        assert f"without a reply: {role} {lost} of {lost}" in (tmp_path / role / "report.html").read_text()


def test_a_judge_who_fails_ends_the_run_soon(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert optimized("judge", table, tmp_path, monkeypatch) == 3
    printed = capsys.readouterr().err
    assert "continue with: python programs/optimize.py --resume" in printed
    assert "only fails, 3 calls in a row (each tried 2 times); the last failure: overheated" in printed


def test_a_check_takes_no_failed_call_for_drift() -> None:
    calls = CallLog()
    _refuse_gaps(calls)
    calls.give_up("judge")
    with pytest.raises(dspy.LMError, match="1 calls failed on every attempt"):
        _refuse_gaps(calls)
