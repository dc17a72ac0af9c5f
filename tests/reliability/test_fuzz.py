"""The fuzzer for a moment, always with the same inputs; and what it once found."""

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from programs.errors import UserError
from programs.tasks.loading import load_rows
from tests.reliability import fuzz
from tests.reliability.fuzzing import replies, tables
from tests.reliability.fuzzing import turn as turns
from tests.reliability.fuzzing.replies import scores_of

TARGETS = {**tables.TARGETS, **replies.TARGETS}


@pytest.mark.parametrize("name", TARGETS)
def test_a_moment_of_fuzzing_finds_nothing(name: str) -> None:
    target = TARGETS[name]
    limits = {"deadline": None, "database": None, "derandomize": True, "phases": (Phase.generate,)}
    settings(max_examples=10, suppress_health_check=list(HealthCheck), **limits)(given(target.inputs)(target.check))()


def test_a_turn_of_the_guided_fuzzer_leaves_nothing_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, current = tmp_path / "private", tmp_path / "current"
    for folder in (private, current):
        folder.mkdir()
    given_to: list[list[str]] = []

    def fuzz_once() -> None:  # as libFuzzer writes an input that was slow: the prefix and a name
        (prefix,) = [each.partition("=")[2] for each in given_to[0] if each.startswith("-artifact_prefix=")]
        Path(f"{prefix}slow-unit-1").write_text("input", encoding="utf-8")

    engine = SimpleNamespace(
        instrument_imports=lambda include: contextlib.nullcontext(),
        Setup=lambda words, one: given_to.append(words),
        Fuzz=fuzz_once,
    )
    monkeypatch.setitem(sys.modules, "atheris", engine)
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    monkeypatch.chdir(current)
    turns.by_atheris(turns.Turn(private / "turn.json", 1.0, 0))
    assert [path.name for path in current.iterdir()] == []
    assert (private / "slow-unit-1").exists()


FOUND = {
    "true is no 1": ("chat", "[[ ## helpful ## ]]\n1\n\n[[ ## polite ## ]]\nTrue\n\n[[ ## completed ## ]]", (1, None)),
    "half of a 10 is no 1": ("json", '{"helpful": 1, "polite": 1', (None, None)),
    "a section that was cut off": ("chat", "[[ ## helpful ## ]]\n1\n\n[[ ## polite ## ]]\n1", (1, None)),
    "a backslash hides no answer": ("compact", '{"helpful": 1, "polite": 0}\\{"helpful": 1, "polite": 1}', (1, None)),
}


@pytest.mark.parametrize("name", FOUND)
def test_no_score_that_nobody_gave(name: str) -> None:
    adapter, text, expected = FOUND[name]
    assert tuple(scores_of(adapter, text).values()) == expected


def test_a_parquet_file_that_breaks_off_is_one_line(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"] * 100, "helpful": ["1"] * 100}), path)
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 20 + content[24:])
    with pytest.raises(UserError) as caught:
        load_rows(tables.TASK, str(path))
    assert "\n" not in str(caught.value)


def test_turns_add_up_and_failures_stay_counted(tmp_path: Path) -> None:
    failure = {"seed": 3, "input": "x", "trace": []}
    done = {"wall": 60.0, "worked": 5.0, "targets": {"a": {"examples": 7, "seconds": 1.0, "failure": failure}}}
    state = {"turns": 0, "seconds": {}, "worked": {}, "targets": {}, "failures": []}
    for number in range(2):
        state = fuzz.added(state, "hypothesis", number, json.loads(json.dumps(done)))
    assert (state["turns"], state["seconds"], state["targets"]["a"]["examples"]) == (2, {"hypothesis": 120.0}, 14)
    assert [each["mended"] for each in state["failures"]] == ["", ""]
