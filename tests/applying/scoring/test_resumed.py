"""A scoring that was stopped goes on: no finished call twice, no row twice, none lost, none half."""

import json
import random
import re
import signal
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.records.folder import held
from programs.tasks.texts import Texts
from tests.applying.scoring.conftest import read, write_texts
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm
from tests.processes import begun, ended, forkserver, struck
from tests.stub_server import StubServer, stub_server

Scored = Callable[..., int]
THREADS = 3


@pytest.fixture
def whole(judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine) -> bytes:
    """What an uninterrupted scoring writes."""
    assert scored(judge, "--data", texts, "--out", tmp_path / "whole.csv") == 0
    assert not (tmp_path / "whole.csv.part").exists()
    engine.asked.clear()
    return (tmp_path / "whole.csv").read_bytes()


class Dying(DoubtfulEngine):
    """Answers so many requests and fails from then on."""

    def __init__(self, alive: int) -> None:
        super().__init__()
        self.alive = alive

    def complete(self, request: dspy.lm15.Request) -> dspy.lm15.Response:
        if len(self.asked) >= self.alive:
            raise dspy.lm15.ServerError("gone")
        return super().complete(request)


@pytest.mark.parametrize("alive", [1, 4, 5, 12, 22])
def test_after_a_failure_the_same_command_asks_for_the_rest_only(
    alive: int, whole: bytes, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    engines: list[FakeEngine] = [Dying(alive), engine]
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engines[0], num_retries=0))
    out = tmp_path / "out.csv"
    command = [judge, "--data", texts, "--out", out, "--threads", 1]
    assert scored(*command) == 3
    assert f"{alive} of 23 rows are written; the same command goes on" in capsys.readouterr().err
    assert not out.exists()
    engines.pop(0)
    assert scored(*command) == 0
    assert len(engine.asked) == 23 - alive
    assert out.read_bytes() == whole
    assert not (tmp_path / "out.csv.part").exists()


def cut_short(part: Path, whole: bytes, calls: bytes, rows: int, answered: int) -> None:
    """The folder as a kill leaves it that struck while a row and a call were being written."""
    lines = calls.splitlines(keepends=True)
    for path in part.glob("calls-*.jsonl"):
        path.unlink()
    for block in range(-(-answered // 5)):
        own = lines[block * 5 : min(answered, block * 5 + 5)]
        (part / f"calls-{block:06}.jsonl").write_bytes(b"".join(own))
    with (part / f"calls-{answered // 5:06}.jsonl").open("ab") as last:
        last.write(lines[answered][:-20] if answered < len(lines) else b"")
    ends = [
        place for place in range(1, len(whole) + 1) if whole[:place].count(b'"') % 2 == 0 and whole[place - 1] == 10
    ]
    (part / "scored.csv").write_bytes(whole[: ends[rows] + 9])


@pytest.mark.parametrize(("rows", "answered"), [(0, 0), (0, 3), (4, 5), (5, 5), (7, 11), (20, 22), (22, 23)])
def test_a_half_row_and_a_half_call_are_dropped_and_nothing_else(
    rows: int, answered: int, whole: bytes, judge: Path, texts: Path, tmp_path: Path, scored: Scored,
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The log of all calls comes from one scoring that is stopped right before its end."""
    monkeypatch.setattr("programs.applying.part.Part.finish", lambda *_: sys.exit(9))
    command = [judge, "--data", texts, "--out", tmp_path / "out.csv", "--threads", 1]
    assert scored(*command) == 9
    part = tmp_path / "out.csv.part"
    calls = b"".join(path.read_bytes() for path in sorted(part.glob("calls-*.jsonl")))
    monkeypatch.undo()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    monkeypatch.setattr("programs.applying.texts.BLOCK", 5)
    cut_short(part, whole, calls, rows, answered)
    engine.asked.clear()
    assert scored(*command) == 0
    assert len(engine.asked) == 23 - answered
    assert (tmp_path / "out.csv").read_bytes() == whole


def test_killed_between_its_last_two_steps_it_is_finished_without_a_call(
    whole: bytes, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    out = tmp_path / "out.csv"
    with monkeypatch.context() as patch:
        patch.setattr("programs.applying.part.shutil.rmtree", lambda *_: sys.exit(9))
        assert scored(judge, "--data", texts, "--out", out) == 9
    for content in (whole, None):
        engine.asked.clear()
        if content is None:  # before the rows were put in their place
            (tmp_path / "out.csv.part").mkdir()
            out.rename(tmp_path / "out.csv.part" / "scored.csv")
            asked = json.loads((tmp_path / "out.csv.json").read_text())["asked"]
            (tmp_path / "out.csv.part" / "asked.json").write_text(json.dumps(asked))
        assert scored(judge, "--data", texts, "--out", out) == 0
        assert not engine.asked
        assert out.read_bytes() == whole
        assert not (tmp_path / "out.csv.part").exists()


def test_a_finished_scoring_is_shown_again_and_a_changed_one_made_again(
    whole: bytes, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "whole.csv"
    capsys.readouterr()
    assert scored(judge, "--data", texts, "--out", out) == 0
    printed = capsys.readouterr()
    assert "scored already" in printed.err
    assert "kind" in printed.out
    assert not engine.asked
    out.write_bytes(whole + b"x")
    assert scored(judge, "--data", texts, "--out", out) == 0
    assert len(engine.asked) == 23
    assert out.read_bytes() == whole
    assert scored(judge, "--data", texts, "--out", out, "--readout", "expected") == 0
    assert "kind_digit" in read(out)[0]


CHANGES = {
    "seed": (["--seed", "5"], "another --seed"),
    "readout": (["--readout", "expected"], "another --readout"),
    "probabilities": (["--probabilities", "off"], "another --probabilities"),
    "temperature": (["--judge-temperature", "0.7"], "another --judge-temperature"),
    "data": ([], "another --data"),
    "judge": ([], "another judge"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_scoring_of_something_else_is_not_gone_on_with(
    case: str, judge: Path, separate: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    flags, words = CHANGES[case]
    out = tmp_path / "out.csv"
    assert scored(judge, "--data", texts, "--out", out, "--max-calls", 7) == 3
    kept = {path: path.read_bytes() for path in (tmp_path / "out.csv.part").iterdir()}
    if case == "data":
        texts.write_text(texts.read_text().replace("text 22", "text 23"))
    engine.asked.clear()
    capsys.readouterr()
    assert scored(separate if case == "judge" else judge, "--data", texts, "--out", out, *flags) == 2
    assert words in capsys.readouterr().err
    assert not engine.asked
    assert {path: path.read_bytes() for path in (tmp_path / "out.csv.part").iterdir()} == kept


@pytest.mark.parametrize("limit", [["--max-calls", "7"], ["--max-tokens", "1500"], ["--max-minutes", "0"]])
def test_a_limit_stops_it_and_a_larger_one_goes_on(
    limit: list[str], whole: bytes, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    command = [judge, "--data", texts, "--out", tmp_path / "out.csv"]
    assert scored(*command, *limit) == 3
    printed = capsys.readouterr().err
    assert f"stopped: {limit[0]}" in printed
    assert "the same command goes on" in printed
    assert len(engine.asked) < 23
    assert scored(*command) == 0
    assert len(engine.asked) == 23
    assert (tmp_path / "out.csv").read_bytes() == whole


def test_a_backend_that_says_nothing_is_left_after_the_first_block_and_no_row_is_kept(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine
) -> None:
    engine.reply = lambda asked: ""
    command = [judge, "--data", texts, "--out", tmp_path / "out.csv"]
    assert scored(*command) == 3
    assert len(engine.asked) == 5
    assert not list(tmp_path.glob("out.csv*"))
    engine.reply = None
    assert scored(*command) == 0
    assert all(row["kind_score"] for row in read(tmp_path / "out.csv"))


def test_a_second_process_is_refused_while_one_is_at_work(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    part = tmp_path / "out.csv.part"
    part.mkdir()
    with held(part, "wait"):
        assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv") == 2
    assert "in use by another process: wait for it, or name another --out" in capsys.readouterr().err
    assert not engine.asked


def test_data_that_lose_rows_while_they_are_scored_end_in_one_line(
    judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    whole = Texts.rows
    monkeypatch.setattr(Texts, "rows", lambda self, start=0: islice(whole(self, start), 7))
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv") == 2
    assert "has lost rows since it was opened, when it had 23" in capsys.readouterr().err
    assert len(engine.asked) == 7


@pytest.mark.parametrize("name", ["out.csv.json", "out.csv.part", "out.csv.part/mine.txt"])
def test_what_no_scoring_made_is_never_lost(
    name: str, judge: Path, texts: Path, tmp_path: Path, scored: Scored, engine: FakeEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"mine": 1}')
    assert scored(judge, "--data", texts, "--out", tmp_path / "out.csv") == 2
    assert "name another --out" in capsys.readouterr().err
    assert path.read_text() == '{"mine": 1}'
    assert not engine.asked


@pytest.fixture(scope="module")
def forked() -> Any:
    return forkserver()


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return write_texts(tmp_path / "many.csv", [f"text {place}" for place in range(60)])


def users(server: StubServer) -> list[str]:
    return [body["messages"][-1]["content"] for body in server.bodies]


@pytest.mark.parametrize("reuse", ["on", "off"])
def test_after_kills_no_finished_call_is_made_twice_and_the_output_is_the_same(
    reuse: str, judge: Path, many: Path, tmp_path: Path, forked: Any
) -> None:
    flags = [judge, "--data", many, "--lm", "stub", "--threads", THREADS, "--reuse", reuse, "--readout", "expected"]
    with stub_server(DoubtfulEngine()) as server:
        assert ended(begun(forked, "score", server, *flags, "--out", tmp_path / "whole.csv")) == 0
        assert len(server.bodies) == 60
    out, part, moments, kills = tmp_path / "out.csv", tmp_path / "out.csv.part", random.Random(reuse), 0
    with stub_server(DoubtfulEngine()) as server:
        for _ in range(3):
            before = len(server.bodies)
            process = begun(forked, "score", server, *flags, "--out", out)
            kills += struck(process, server, before + moments.randint(1, 18)) == -signal.SIGKILL
            answered = sum(path.read_bytes().count(b"\n") for path in part.glob("calls-*.jsonl"))
            assert len(server.bodies) - answered <= kills * THREADS  # what was in flight
        assert ended(begun(forked, "score", server, *flags, "--out", out)) == 0
        assert len(server.bodies) - 60 <= kills * THREADS
    assert kills == 3
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_ctrl_c_finishes_what_is_in_flight_writes_it_and_says_how_to_go_on(
    judge: Path, many: Path, tmp_path: Path, forked: Any
) -> None:
    flags = [judge, "--data", many, "--lm", "stub", "--threads", THREADS, "--out", tmp_path / "out.csv"]
    with stub_server(DoubtfulEngine()) as server:
        process = begun(forked, "score", server, *flags, screen=tmp_path / "screen.txt")
        assert struck(process, server, 20, signal.SIGINT) == 130
        asked = len(server.bodies)
        assert 20 <= asked < 60
        said = (tmp_path / "screen.txt").read_text()
        written = re.search(r"^(\d+) of 60 rows are written; the same command goes on$", said, flags=re.MULTILINE)
        assert written is not None
        assert asked - THREADS < int(written.group(1)) <= asked  # a later row may have been asked for before an earlier
        assert ended(begun(forked, "score", server, *flags)) == 0
        assert len(server.bodies) == len(set(users(server))) == 60
