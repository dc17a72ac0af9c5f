"""What tests of the commands share: a small own table's flags, a command run in this process, a refusal."""

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dspy
import pytest

from programs import command
from tests.fake import FakeEngine, fake_lm

NAMES = ("helpful", "polite")
SIZES = ["--threads", "2", "--train-size", "8", "--val-size", "12", "--test-size", "16", "--steps", "2"]


def write_table(path: Path) -> Path:
    """60 rated rows of 20 documents, two criteria on different scales."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "answer", *NAMES])
        for place in range(60):
            writer.writerow([f"d{place % 20}", "Why?", f"answer {place}", 1 + place * 7 % 5, place * 3 % 4])
    return path


def own_task(table: Path) -> list[str]:
    flags = ["--inputs", "question,answer", "--criteria", "helpful:1-5,polite:0-3", "--group", "id"]
    return ["--data", str(table), *flags]


def run(main: Callable[[list[str]], int], *arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:
    """The command's exit code, as its process would have it."""
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    with pytest.raises(SystemExit) as raised:
        command.run(main)
    return int(raised.value.code or 0)


@contextmanager
def answered_by(engine: Callable[[], FakeEngine]) -> Iterator[pytest.MonkeyPatch]:
    """Every role's LM is a fake one and nothing is cached, for what a fixture makes once for several tests."""
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine()))
        yield patch


def refused(words: str, folder: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad input was answered with one line that holds `words`; nothing was written and nothing asked."""
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert words in printed
    assert not (folder / "runs").exists()
    assert not engine.asked
