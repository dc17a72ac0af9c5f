"""Whole runs that resolve conflicts: what they ask is what was planned, and a killed one comes to the same."""

import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import dspy
import orjson
import pytest
from dspy.lm15 import Message, Request, Response, TextPart, Usage

from programs import optimize
from programs.flags.conflict import CONFLICT
from programs.optimizer.conflict.resolution import CHOICES, METHODS
from programs.optimizer.conflict.ways import EQUATIONS
from tests.commands import own_task, refused, run
from tests.fake import FakeEngine, fake_lm
from tests.optimizer.conflict.planted import condensing

SIZES = ["--train-size", 6, "--val-size", 10, "--test-size", 4, "--steps", 2, "--run", "one", "--gate", "mae"]
SMALL = ["--probe-rows", 4, "--edits", 3]


class FakeEmbedder:
    """A vector that depends on the words."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def complete(self, request: Request) -> Response:
        text = request.messages[-1].text or ""
        self.texts.append(text)
        vector = [float(zlib.crc32(f"{place}{text}".encode()) % 7) - 3 for place in range(3)]
        message = Message.assistant([TextPart(orjson.dumps(vector).decode())])
        return Response(None, request.model, message, "stop", Usage(input_tokens=5, output_tokens=0))


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch) -> FakeEmbedder:
    found = FakeEmbedder()
    lm = dspy.LM("fake/embedder", engine=found, cache=False)
    monkeypatch.setattr("programs.optimizer.cast.embedding_model", lambda *_, **__: lm)
    return found


def summary_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "one" / "summary.json").read_text())


@pytest.mark.parametrize("mode", ["Single", "CCC"])
@pytest.mark.parametrize(
    "way", [("pcgrad", "behaviour"), ("mgda", "crossed"), ("cagrad", "embedding"), ("merge", "behaviour")]
)
def test_what_was_planned_is_sent_or_reused_or_skipped(
    mode: str,
    way: tuple[str, str],
    embedder: FakeEmbedder,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FakeEngine(reply=None if way[0] == "merge" else condensing)
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    flags = ["--mode", mode, "--resolve", way[0], "--conflict", way[1], *SMALL, "--reuse", "off"]
    assert run(optimize.main, *own_task(table), *SIZES, *flags, "--runs-dir", tmp_path, monkeypatch=monkeypatch) == 0
    summary = summary_of(tmp_path)
    sent = {role: tally["calls"] for role, tally in summary["calls"].items() if tally["calls"]}
    assert sent.get("embed", 0) == len(embedder.texts) == (4 if way[1] == "embedding" else 0)
    assert sent["condense"] == len(engine.of("condense")) == 2
    assert sent["judge"] == len(engine.of("judge"))
    for role, planned in summary["estimate"].items():
        tally = Counter(summary["calls"].get(role, {}))
        assert tally["calls"] + tally["reused"] + tally["skipped"] == planned, role
    told = summary["remedies"]["resolve"]
    assert told["steps"] == 2
    written_and_applied(engine, tmp_path / "one" / "steps.jsonl", way[0])
    page = (tmp_path / "one" / "report.html").read_text()
    assert page.count("Gradients as resolved, which the rewrite followed") == 2
    assert ("The batch: " in page) or way[0] != "merge"
    if way[0] != "merge":
        assert (told["proposed"], told["read"], told["dropped_unknown_criterion"]) == (6, 4, 2)


def written_and_applied(engine: FakeEngine, steps: Path, way: str) -> None:
    """steps.jsonl holds the critic's words and, beside them, what the rewrite was given."""
    records = [json.loads(line) for line in steps.read_text().splitlines()][1:]
    written = [note for record in records for note in record["gradients"]]
    assert len(written) == len(engine.of("gradient"))
    assert all(note["row"] and note["text"].startswith("gradient text on: ") for note in written)
    applied = [note for record in records for note in record["applied"]]
    assert all(not note["row"] for note in applied)
    asked = [each.user for each in engine.of("rewrite")]
    assert all(any(note["text"] in user for user in asked) for note in applied)
    assert way != "merge" or [note["group"] for note in applied] == [["helpful"], ["polite"]] * 2
    assert not any("gradient text on: " in user for user in asked)


@pytest.mark.parametrize("way", [("pcgrad", "behaviour"), ("pcgrad", "embedding")])
def test_a_killed_run_and_any_number_of_threads_come_to_the_same(
    way: tuple[str, str], embedder: FakeEmbedder, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(name: str, stop_at: int, *flags: object) -> int:
        def reply(asked: Any) -> str | None:
            if len(engine.asked) == stop_at:
                raise KeyboardInterrupt
            return condensing(asked)

        engine = FakeEngine(reply=reply)
        monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
        return run(optimize.main, *flags, "--runs-dir", tmp_path / name, monkeypatch=monkeypatch)

    flags = [*own_task(table), *SIZES, "--resolve", way[0], "--conflict", way[1], *SMALL]
    assert start("whole", -1, *flags, "--threads", 7) == 0
    assert start("half", 25, *flags, "--threads", 1) == 130
    assert start("half", -1, "--resume", "one", "--threads", 3) == 0
    whole, half = (
        {file: (tmp_path / name / "one" / file).read_bytes() for file in ("steps.jsonl", "scores.json", "judge.json")}
        for name in ("whole", "half")
    )
    assert whole == half
    told = [json.loads(line)["told"]["resolve"] for line in whole["steps.jsonl"].splitlines()[1:]]
    assert all(len(each["edits"]) == 2 for each in told)
    if way[1] == "behaviour":
        assert all(len(row) == 2 for each in told for row in each["gains"].values())


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--conflict", "embedding"], "--conflict embedding goes with --resolve pcgrad, cagrad, mgda"),
        (["--resolve", "pcgrad", "--probe-rows", 7], "--probe-rows 7 is more than --train-size 6"),
        (["--resolve", "pcgrat"], "did you mean 'pcgrad'?"),
        (["--resolve", "mgda", "--conflict", "behavior"], "did you mean 'behaviour'?"),
        (["--resolve", "mgda", "--edits", 0], "at least 1"),
    ],
)
def test_what_cannot_work_is_one_line(
    flags: list[object],
    words: str,
    table: Path,
    tmp_path: Path,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = [*own_task(table), *SIZES, *flags, "--runs-dir", tmp_path / "runs"]
    assert run(optimize.main, *flags, monkeypatch=monkeypatch) == 2
    refused(words, tmp_path, engine, capsys)


def test_the_flag_offers_what_the_table_has() -> None:
    assert {*CONFLICT} == {*CHOICES, "embedding"}
    assert tuple(METHODS) == EQUATIONS
