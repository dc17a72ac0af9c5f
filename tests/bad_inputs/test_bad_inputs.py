"""Every case of bad input through the real commands: exit code 2, one line with place and remedy, nothing changed."""

import hashlib
import importlib
import shlex
from pathlib import Path

import pytest

from tests.bad_inputs.case import Case
from tests.bad_inputs.flags import FLAGS
from tests.bad_inputs.folders import FOLDERS
from tests.bad_inputs.tables import TABLES
from tests.commands import run
from tests.fake import FakeEngine

CASES = {**TABLES, **FLAGS, **FOLDERS}


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, hashed, and every folder; what a lock leaves is no content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
        if path.name != ".lock"
    }


def lay(case: Case, folder: Path) -> None:
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_one_line_and_exit_2_and_changes_nothing(
    name: str, workplace: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    lay(case, workplace)
    before = contents(workplace)
    command, *arguments = shlex.split(case.command)
    code = run(importlib.import_module(f"programs.{command}").main, *arguments, monkeypatch=monkeypatch)
    printed = capsys.readouterr().err
    assert code == 2, printed
    assert printed.startswith("error: "), printed
    assert printed.count("\n") == 1, printed
    assert all(word in printed for word in case.words), printed
    assert "Traceback" not in printed
    assert contents(workplace) == before
    assert not engine.asked


def test_there_are_enough_cases() -> None:
    assert len(CASES) == len(TABLES) + len(FLAGS) + len(FOLDERS) >= 80
