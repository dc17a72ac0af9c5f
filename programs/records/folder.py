"""A run's folder: its files, written whole or not at all, and held by one process at a time."""

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from programs.errors import CannotWrite, UserError
from programs.records.appended import Appended

_LEFT = re.compile(r"\.[\w.-]+\.(json|jsonl|csv|md|html)\.([a-z0-9_]{8}|reserve)")
"""What a killed process leaves of a file that it was writing."""

UMASK = os.umask(0o077)
os.umask(UMASK)

_REMAKE = "restore it, or remove the run's summary.json and continue it with --resume, which repeats no call"


def write_json(path: Path, content: Any) -> None:
    """Writes a JSON file atomically: a reader sees the old content or the new one, never a part."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file atomically. Raises CannotWrite, and leaves the old content, where the system refuses."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), 0o666 & ~UMASK)  # as open() would have made it; a temporary file is private
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CannotWrite.of(path, error) from None


def make_folder(path: Path) -> None:
    """Makes a folder, and those above it, where there is none. Raises CannotWrite."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite.of(path, error) from None


def read_json(path: Path) -> Any:
    """A JSON file of a run. Raises UserError where it is missing or is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give the folder of a run, or a judge.json") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read as JSON ({error}): restore it, or start a new run") from None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A run's file of JSON lines. Raises UserError with the first line that is damaged."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # splitlines would also split at what texts may hold
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): {_REMAKE}") from None
    return [_object(path, number, line) for number, line in enumerate(lines, start=1) if line]


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        if isinstance(found := json.loads(line), dict):
            return found
    except (ValueError, RecursionError):
        pass
    raise UserError(f"{path}, line {number} is damaged: {_REMAKE}")


def held(folder: Path, otherwise: str) -> TextIO:
    """The lock of a folder, until it is closed. Raises UserError where another process has it: wait or `otherwise`."""
    return held_by(folder / ".lock", folder, otherwise)


def held_by(file: Path, held: Path, otherwise: str) -> TextIO:
    """The same of anything else, by a file that stands for it and is made where there is none."""
    try:
        lock = file.open("a")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise UserError(f"{held} is in use by another process: wait for it, or {otherwise}") from None
    except OSError as error:
        raise CannotWrite.of(held, error) from None
    return lock


def sweep(folder: Path, of: str = "") -> None:
    """Removes what a killed process has left half-written, or what it has left of the file called `of`. Only for who
    holds the folder, or that file."""
    for path in folder.iterdir():
        if _LEFT.fullmatch(path.name) and path.name.startswith(f".{of}"):
            path.unlink(missing_ok=True)


def unused(folder: Path) -> bool:
    """Whether nothing was begun in it: it is empty, or a process was killed before it had written anything there."""
    return folder.is_dir() and all(path.name == ".lock" or _LEFT.fullmatch(path.name) for path in folder.iterdir())


class RunFolder:
    """The files of one run. As a context manager it holds the folder against other processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.calls = path / "calls.jsonl"
        self.steps = path / "steps.jsonl"
        self.judge = path / "judge.json"
        self.judges = path / "judges"
        self.scores = path / "scores.json"
        self.relabel = path / "relabel.csv"
        self.lengths = path / "lengths.json"
        self.summary = path / "summary.json"
        self.diagnostics = path / "diagnostics.json"
        self.timing = path / "timing.json"
        self.confidence = path / "confidence.json"
        self.report = path / "report.html"
        self._lock: TextIO | None = None
        self._steps: Appended | None = None

    @classmethod
    def create(cls, runs: Path, name: str) -> "RunFolder":
        """A new folder `runs/name`, or one that is as good as new. Raises UserError where it holds a run already or
        cannot be made."""
        cls.check_name(name)
        path = runs / name
        if path.exists() and not unused(path):
            raise UserError(f"the run '{name}' exists already in {runs}: use --resume {name}, or another --run name")
        make_folder(path)
        return cls(path)

    @staticmethod
    def check_name(name: str) -> None:
        """Raises UserError for a name that would not be one folder of its own."""
        if not re.fullmatch(r"[\w][\w.-]{0,99}", name):
            raise UserError(f"--run {name[:40]!r} cannot name a folder: use up to 100 letters, digits, _ . and -")

    @classmethod
    def find(cls, runs: Path, name: str) -> "RunFolder":
        """The folder of an existing run: a path, or a name under `runs`."""
        for path in (Path(name), runs / name):
            if (path / "config.json").is_file():
                return cls(path)
        raise UserError(f"there is no run '{name}' (no {Path(name) / 'config.json'} and none under {runs})")

    @property
    def finished(self) -> bool:
        """Whether its summary is whole; a damaged one is made again from the calls, which costs none."""
        try:
            summary = read_json(self.summary)
        except UserError:
            return False
        parts = ("before", "after", "difference", "calls", "kept", "optimism")
        return (
            isinstance(summary, dict) and summary.get("stopped", "") is None and all(part in summary for part in parts)
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """What `optimize` writes: all but config.json and what is made of a run when it has ended (its report, its
        confidence.json). summary.json, which marks its end, is last."""
        return (
            self.calls, self.steps, self.judge, self.scores, self.relabel, self.lengths, self.diagnostics, self.timing,
            self.summary,
        )  # fmt: skip

    def start_steps(self) -> None:
        """Begins `steps.jsonl` anew: a resumed run replays its calls, so it writes the same lines again.

        What is made of a run when it has ended goes: it is that of a session which a limit or Ctrl-C has ended.
        """
        for stale in (self.report, self.confidence):
            stale.unlink(missing_ok=True)
        self._steps = Appended(self.steps)
        self._steps.cut(0)

    def add_step(self, record: Mapping[str, Any]) -> None:
        assert self._steps is not None, "start_steps comes first"
        self._steps.append(json.dumps(record, ensure_ascii=False).encode() + b"\n")

    def __enter__(self) -> "RunFolder":
        for path in (*self.files, self.report):
            if path.exists() and not path.is_file():
                raise UserError(f"{path} is not a file: restore it, or start a new run")
        self._lock = held(self.path, "start another run")
        sweep(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._steps, self._lock):
            if file is not None:
                file.close()
