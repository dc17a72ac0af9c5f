import json
import subprocess
import sys
from pathlib import Path

import pytest

from programs.errors import UserError
from programs.records.folder import RunFolder, read_json, write_json


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["summary.json"]


def test_a_file_is_as_private_as_the_user_wants_files(tmp_path: Path) -> None:
    """Runs quote texts: a file that replaces another must not be open to more people than one that was opened."""
    code = (
        "import os, sys\nos.umask(0o077)\nfrom pathlib import Path\nfrom programs.records.folder import write_json\n"
        "write_json(Path(sys.argv[1]), {})\nassert os.umask(0) == 0o077"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.json"], check=True)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600
    write_json(tmp_path / "b.json", {})
    (tmp_path / "c.json").touch()
    assert (tmp_path / "b.json").stat().st_mode == (tmp_path / "c.json").stat().st_mode


def test_an_existing_run_is_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "one")
    write_json(folder.config, {})
    with pytest.raises(UserError, match="--resume one"):
        RunFolder.create(tmp_path, "one")


def test_a_folder_in_which_nothing_was_begun_is_taken(tmp_path: Path) -> None:
    """A kill between the making of a folder and its first file leaves one that can neither be resumed nor be a run."""
    path = tmp_path / "one"
    path.mkdir()
    (path / ".lock").touch()
    (path / ".config.json.abc_1234").touch()
    with RunFolder.create(tmp_path, "one"):
        assert [each.name for each in path.iterdir()] == [".lock"]
    (path / "notes.txt").touch()
    with pytest.raises(UserError, match="exists already"):
        RunFolder.create(tmp_path, "one")


def test_a_run_is_found_by_path_or_by_name(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "one")
    write_json(folder.config, {})
    assert RunFolder.find(tmp_path, "one").path == folder.path
    assert RunFolder.find(Path("elsewhere"), str(folder.path)).path == folder.path
    with pytest.raises(UserError, match="there is no run 'two'"):
        RunFolder.find(tmp_path, "two")


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "one")
    code = (
        "import sys, pathlib; from programs.records.folder import RunFolder\n"
        "with RunFolder(pathlib.Path(sys.argv[1])): pass"
    )
    with folder:
        other = subprocess.run([sys.executable, "-c", code, str(folder.path)], capture_output=True, text=True)
    assert "is in use by another process" in other.stderr
    assert subprocess.run([sys.executable, "-c", code, str(folder.path)], capture_output=True).returncode == 0


def test_steps_begin_anew_when_a_run_is_resumed(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "one")
    for _ in range(2):
        with folder:
            folder.start_steps()
            folder.add_step({"step": 0})
    assert folder.steps.read_text() == '{"step": 0}\n'


@pytest.mark.parametrize("name", ["calls.jsonl", "steps.jsonl", "judge.json", "summary.json", "timing.json"])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path, name: str) -> None:
    folder = RunFolder.create(tmp_path, "one")
    (folder.path / name).mkdir()
    with pytest.raises(UserError, match=f"{name} is not a file"), folder:
        pass


@pytest.mark.parametrize("text", ["{", "", "\x00", "[" * 100_000])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"config\.json cannot be read as JSON"):
        read_json(tmp_path / "config.json")
