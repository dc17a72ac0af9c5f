"""A text that the server refuses as beyond its context window is one unscored row, counted and said."""

import csv
from pathlib import Path

import dspy
import pytest

from programs import optimize, score
from tests.commands import SIZES, own_task, run
from tests.fake import FakeEngine
from tests.stub_server import stub_server

REFUSAL = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."


class Short(FakeEngine):
    """Refuses one text, in the words of the OpenAI API."""

    def complete(self, request):  # type: ignore[no-untyped-def]
        if "answer 7\n" in request.messages[-1].text and "Judge" in str(request.system):
            raise dspy.lm15.ContextLengthError(REFUSAL)
        return super().complete(request)


def test_it_is_one_unscored_row(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with stub_server(Short()) as server:
        lm = ["--lm", "stub", "--api-base", server.url]
        run(
            optimize.main,
            *own_task(table),
            *SIZES,
            *lm,
            "--run",
            "one",
            "--runs-dir",
            tmp_path,
            monkeypatch=monkeypatch,
        )
        code = run(
            score.main, tmp_path / "one", "--data", table, "--out", tmp_path / "o.csv", *lm, monkeypatch=monkeypatch
        )
    assert code == 0
    with (tmp_path / "o.csv").open(newline="") as file:
        unscored = [row["answer"] for row in csv.DictReader(file) if not row["helpful_score"]]
    assert unscored == ["answer 7"]
    assert "beyond the context window of the LM, and so without a reply: 1 calls" in capsys.readouterr().out
