"""Answers that other runs have paid for."""

from pathlib import Path

import pytest

from programs.backends.metering import metered
from programs.records.calls import CallLog
from programs.records.shared import SharedAnswers
from tests.fake import FakeEngine, fake_lm


def ask(calls: CallLog, engine: FakeEngine, text: str) -> None:
    metered(fake_lm(engine), "judge", calls, temperature=0.1, seed=0)(text)


@pytest.fixture
def paid(tmp_path: Path) -> Path:
    """The call log of a run that asked two things."""
    path, calls = tmp_path / "one.jsonl", CallLog(tmp_path / "one.jsonl")
    engine = FakeEngine(reply=lambda asked: "an answer")
    ask(calls, engine, "first"), ask(calls, engine, "second")
    calls.close()
    return path


def test_what_another_run_paid_for_is_copied_and_not_sent(paid: Path, tmp_path: Path) -> None:
    shared, engine = SharedAnswers(), FakeEngine(reply=lambda asked: "an answer")
    shared.add(paid)
    calls = CallLog(tmp_path / "two.jsonl", shared=shared)
    for text in ("first", "second", "third"):
        ask(calls, engine, text)
    calls.close()
    assert [each.user for each in engine.asked] == ["third"]
    assert (calls.tallies["judge"].calls, calls.tallies["judge"].reused) == (1, 2)
    assert calls.lap()["calls"] == 1
    alone = CallLog(tmp_path / "two.jsonl")  # complete by itself
    ask(alone, engine, "first")
    alone.close()
    assert len(engine.asked) == 1


def test_a_damaged_or_missing_line_is_asked_again(paid: Path, tmp_path: Path) -> None:
    lines = paid.read_bytes().splitlines(keepends=True)
    paid.write_bytes(b"[1]\n" + lines[0] + lines[1][:-20])
    shared, engine = SharedAnswers(), FakeEngine(reply=lambda asked: "an answer")
    shared.add(paid), shared.add(tmp_path / "nothing.jsonl")
    calls = CallLog(shared=shared)
    ask(calls, engine, "first"), ask(calls, engine, "second")
    assert [each.user for each in engine.asked] == ["second"]
    paid.unlink()
    ask(CallLog(shared=shared), engine, "first")
    assert len(engine.asked) == 2
