"""A command that ends before its time says what it has spent by then."""

from pathlib import Path
from typing import Any

import dspy
import pytest

from programs import evaluate
from programs.optimizer.judge import Judge
from programs.optimizer.saved import save_judge
from programs.tasks.describe import task_from_flags
from tests.commands import own_task, run
from tests.fake import FakeEngine, fake_lm


@pytest.mark.parametrize(
    ("end", "code", "tally"),
    [
        (dspy.lm15.AuthError("key revoked"), 3, "8 LM calls were sent, 1 of them failed"),
        (KeyboardInterrupt(), 130, "7 LM calls were sent, 0 of them failed"),
    ],
)
def test_calls_of_an_evaluation_that_ends_early_are_counted(
    end: BaseException, code: int, tally: str, table: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    class Ending(FakeEngine):
        def complete(self, request: Any) -> Any:
            if len(self.asked) == 7:
                raise end
            return super().complete(request)

    lm = fake_lm(Ending(), num_retries=0)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: lm)
    save_judge(Judge(task_from_flags("question,answer", "helpful:1-5,polite:0-3", group="id")), tmp_path / "judge.json")
    arguments = [tmp_path / "judge.json", *own_task(table), "--threads", 1, "--out", tmp_path / "out.json"]
    assert run(evaluate.main, *arguments, monkeypatch=monkeypatch) == code
    assert f"ended early: {tally}" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_calls_that_brought_no_score_are_counted(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.reply = lambda asked: "I would rather not."
    save_judge(Judge(task_from_flags("question,answer", "helpful:1-5,polite:0-3", group="id")), tmp_path / "judge.json")
    assert run(evaluate.main, tmp_path / "judge.json", *own_task(table), monkeypatch=monkeypatch) == 3
    assert f"ended early: {len(engine.asked)} LM calls were sent, 0 of them failed" in capsys.readouterr().err
