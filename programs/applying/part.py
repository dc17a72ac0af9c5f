"""What is finished of a scoring: a folder beside the output, from which the same command goes on.

Rows are appended in order, each as it is finished; LM calls are written down before their replies are used, a file a
block of rows. Covered: a kill (SIGKILL) at any moment repeats no finished call and leaves no half row. Not covered: a
power cut, since lines are not forced to the disk one by one.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from programs.errors import UserError
from programs.records.appended import Appended
from programs.records.folder import held, make_folder, read_json, sweep, write_json
from programs.records.shared import SharedAnswers
from programs.tasks.texts import csv_line

_OWN = re.compile(r"\.lock|scored\.csv|\.?calls-\d+\.jsonl(\.reserve)?|\.?asked\.json.*")
"""The files of such a folder."""


class Part:
    """The unfinished scoring of one output. As a context manager it is held against other processes.

    `asked` says what is scored, how and by what: flag or thing -> value. Raises UserError where the folder holds a
    scoring of something else. `rows` counts the rows that are written; `record` is what was written of a scoring that
    is finished already, else None.
    """

    def __init__(self, out: Path, asked: Mapping[str, Any], header: Sequence[str]) -> None:
        self.out = out
        self.asked = json.loads(json.dumps(dict(asked)))
        self.header = csv_line(header)
        self.folder = out.with_name(f"{out.name}.part")
        self.scored = self.folder / "scored.csv"
        self.rows = 0
        self.record: dict[str, Any] | None = None
        self._file: Appended | None = None
        self._lock: TextIO | None = None

    def __enter__(self) -> "Part":
        self._refuse_strangers()
        make_folder(self.folder)
        self._lock = held(self.folder, "name another --out")
        try:
            sweep(self.folder)
            sweep(self.out.parent, record_path(self.out).name)
            self._open()
        except BaseException:
            self._lock.close()
            raise
        return self

    def _open(self) -> None:
        self.record = finished_record(self.out, self.asked)
        if self.record is not None:
            shutil.rmtree(self.folder)
            return
        self._refuse_another()
        write_json(self.folder / "asked.json", self.asked)
        self._file = Appended(self.scored)
        self.recount()

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if self.record is None and not self.begun:
                shutil.rmtree(self.folder)
        if self._lock is not None:
            self._lock.close()

    @property
    def begun(self) -> bool:
        """Whether there is anything in it that a call was paid for."""
        return _whole_lines(self.scored)[0] > 1 or any(path.stat().st_size for path in self.logs)

    def calls(self, block: int) -> Path:
        """The log of the calls of one block of rows."""
        return self.folder / f"calls-{block:06}.jsonl"

    def known(self, block: int) -> SharedAnswers:
        """The answers of all blocks but one, whose log is replayed by itself."""
        answers = SharedAnswers()
        for path in self.logs:
            if path != self.calls(block):
                answers.add(path)
        return answers

    def add(self, line: str) -> None:
        """The next row."""
        self._write(line)
        self.rows += 1

    def recount(self) -> None:
        """Looks at the file anew: a kill or Ctrl-C may have struck while a row was being written."""
        assert self._file is not None, "it is entered first"
        lines, end = _whole_lines(self.scored)
        self._file.cut(end)
        if not lines:
            self._write(self.header)
        self.rows = max(lines - 1, 0)

    def finish(self, found: Mapping[str, Any]) -> None:
        """Puts the rows in the output's place, and what was `found` in a file beside it."""
        self.record = {"asked": self.asked, "sha256": _hash(self.scored), **found}
        write_json(record_path(self.out), self.record)
        self.scored.replace(self.out)
        shutil.rmtree(self.folder)

    def _write(self, line: str) -> None:
        assert self._file is not None, "it is entered first"
        self._file.append(line.encode())

    @property
    def logs(self) -> list[Path]:
        return sorted(self.folder.glob("calls-*.jsonl"))

    def _refuse_strangers(self) -> None:
        """What is not ours and would be lost."""
        record = record_path(self.out)
        if record.exists() and not _is_record(record):
            raise UserError(f"{record}: would be overwritten and is no record of a scoring; name another --out")
        if self.folder.exists() and not (self.folder.is_dir() and all(map(_is_own, self.folder.iterdir()))):
            raise UserError(f"{self.folder}: is nothing that a scoring made; name another --out")

    def _refuse_another(self) -> None:
        path = self.folder / "asked.json"
        if not path.exists() or not self.begun:
            for old in (self.scored, *self.logs):
                old.unlink(missing_ok=True)
            return
        before = read_json(path)
        for what, value in self.asked.items():
            if not isinstance(before, dict) or before.get(what) != value:
                raise UserError(
                    f"{self.folder} holds an unfinished scoring with another {what}: give the command that began it to"
                    " go on, or remove that folder to begin anew"
                )


def _is_own(path: Path) -> bool:
    return _OWN.fullmatch(path.name) is not None


def record_path(out: Path) -> Path:
    """The file beside an output that says how it was made."""
    return out.with_name(f"{out.name}.json")


def finished_record(out: Path, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is recorded of an output that was made by the same command and is as it was left; else None."""
    path = record_path(out)
    if not (out.is_file() and _is_record(path)):
        return None
    found: dict[str, Any] = read_json(path)
    return found if found["asked"] == asked and found["sha256"] == _hash(out) else None


def _is_record(path: Path) -> bool:
    try:
        found = read_json(path)
    except UserError:
        return False
    return isinstance(found, dict) and {"asked", "sha256"} <= set(found)


def _whole_lines(path: Path) -> tuple[int, int]:
    """How many rows of a CSV file (its header too) are whole, and where the last of them ends: cells may hold line
    breaks, and within a quoted one the quotation marks so far are odd."""
    count = end = here = marks = 0
    if path.exists():
        with path.open("rb") as lines:
            for line in lines:
                here += len(line)
                marks += line.count(b'"')
                if line.endswith(b"\n") and marks % 2 == 0:
                    count, end = count + 1, here
    return count, end


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
