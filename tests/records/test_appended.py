"""A disk that gets full under a file of lines, and under a run."""

import errno
from pathlib import Path

import pytest

from programs import optimize
from programs.errors import CannotWrite
from programs.records.appended import RESERVE, Appended
from tests.commands import SIZES, own_task, run
from tests.fake import FakeEngine


class SmallDisk:
    """Lets call logs have so many bytes, and what their reserve held once that is gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self._plain = Appended._write
        monkeypatch.setattr(Appended, "_write", lambda file, line: self.write(file, line))

    def write(self, file: Appended, line: bytes) -> None:
        held = file.path.with_name(f".{file.path.name}.reserve")
        used = file.path.stat().st_size + (RESERVE if held.exists() else 0)
        if file.path.name == "calls.jsonl" and used + len(line) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._plain(file, line)


def test_lines_in_flight_are_kept_and_nothing_more_is_to_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "calls.jsonl"
    SmallDisk(monkeypatch, RESERVE + 25)
    file = Appended(path)
    file.reserve()
    for _ in range(5):  # the third does not fit beside the reserve
        file.append(b"ten bytes\n")
    with pytest.raises(CannotWrite, match=r"calls\.jsonl: No space left on device; make room there"):
        file.reserve()
    file.close()
    assert path.read_bytes() == b"ten bytes\n" * 5
    assert [each.name for each in tmp_path.iterdir()] == ["calls.jsonl"]


def test_a_line_that_does_not_fit_leaves_no_half(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    file = Appended(path)
    file.append(b"one\n")

    class Full:
        """A file on a disk with room for two bytes."""

        def __init__(self, file: Appended) -> None:
            self.plain = file._file
            self.fileno, self.truncate = self.plain.fileno, self.plain.truncate

        def write(self, line: bytes) -> int:
            if self.plain.tell() >= 6:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.plain.write(line[:2])

    whole, file._file = file._file, Full(file)  # type: ignore[assignment]
    with pytest.raises(CannotWrite):
        file.append(b"two\n")
    file._file = whole
    file.append(b"three\n")
    file.close()
    assert path.read_bytes() == b"one\nthree\n"


def test_a_run_on_a_full_disk_stops_in_one_line_and_repeats_no_call(
    table: Path, tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*own_task(table), *SIZES, "--threads", 4, "--runs-dir", tmp_path]
    assert run(optimize.main, *arguments, "--run", "whole", monkeypatch=monkeypatch) == 0
    whole = len(engine.asked)
    engine.asked.clear()
    capsys.readouterr()
    with monkeypatch.context() as patch:
        SmallDisk(patch, RESERVE + 8_000)
        assert run(optimize.main, *arguments, "--run", "one", monkeypatch=monkeypatch) == 2
    said = capsys.readouterr().err
    path = tmp_path / "one" / "calls.jsonl"
    assert f"error: cannot write {path}: No space left on device; make room there\n" in said
    assert "--resume" in said
    assert "Traceback" not in said
    assert 0 < len(engine.asked) == len(path.read_bytes().splitlines()) < whole
    assert run(optimize.main, "--resume", tmp_path / "one", monkeypatch=monkeypatch) == 0
    assert len(engine.asked) == whole
    for name in ("judge.json", "steps.jsonl", "scores.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
