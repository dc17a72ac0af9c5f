"""A folder and its MLflow run: each thing in it is sent once, whenever it is there, whoever wrote it.

Nothing but files is read, so that a run sent while it goes on and one sent afterwards are the same in MLflow, and
neither can touch the run. What the store has stands in one tag of the MLflow run, written by the same request: a later
session, or one whose last request was lost, asks for it and goes on from there. Not covered: a process that is killed
within a request to a `file:` store, which is several writes, may repeat one step's values.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from programs.tracking.ledger import remember, run_at
from programs.tracking.store import Known, Measure, Store

SENT = "judgegrad.sent"
PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"

RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"


@dataclass(frozen=True)
class Sent:
    """What the store has: so many lines of steps.jsonl, and these files by their hashes."""

    lines: int = 0
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> "Sent":
        return cls(**json.loads(tags[SENT]))

    @property
    def tag(self) -> dict[str, str]:
        return {SENT: json.dumps({"lines": self.lines, "files": self.files})}


@dataclass(frozen=True)
class At:
    """The MLflow run, what it has, and its status."""

    run_id: str
    sent: Sent
    status: str


class Tracked:
    """What runs and studies have in common. `start` is the file whose appearance begins it.

    A kind says its `params`, `tags` and `status`, which `files` are artifacts, and what else it has to send.
    """

    def __init__(self, path: Path, start: Path, files: Sequence[Path], watched: Sequence[Path] = ()) -> None:
        self.path = path
        self._start = start
        self._files = files
        self._watched = (start, *watched, *files)
        self._at: At | None = None

    def mark(self) -> tuple[object, ...]:
        """Changes when there may be something to send."""
        return tuple(map(_mark, self._watched))

    def send(self, store: Store, ending: str | None = None) -> None:
        """What the store does not have yet; `ending` is the status that the run ends with, None while it goes on.

        Raises whatever the store raises; the next call goes on from what has arrived.
        """
        if not self._start.exists():
            return
        at, self._at = self._at or self._attached(store), None
        at = self._send_files(store, self.send_lines(store, at))
        status = self.status(ending)
        if status != at.status:
            store.turn(at.run_id, status, int(time.time() * 1000))
        self._at = replace(at, status=status)

    def params(self) -> dict[str, str]:
        raise NotImplementedError

    def tags(self, store: Store) -> dict[str, str]:
        raise NotImplementedError

    def status(self, ending: str | None) -> str:
        raise NotImplementedError

    def send_lines(self, store: Store, at: At) -> At:
        """What is sent before the files."""
        return at

    def closing(self, path: Path) -> tuple[list[Measure], dict[str, str]]:
        """The metrics and tags that go with a new version of a file."""
        return [], {}

    def _attached(self, store: Store) -> At:
        """The MLflow run of this folder, which is begun where there is none (any more)."""
        run_id = run_at(self.path, store.place)
        known = store.known(run_id) if run_id is not None else None
        if run_id is None or known is None:
            run_id, known = store.begin(self.path.name, self.tags(store), when(self._start)), Known({}, RUNNING)
            remember(self.path, store.place, run_id)
        if SENT not in known.tags:
            store.log(run_id, (), Sent().tag, self.params())
            return At(run_id, Sent(), known.status)
        return At(run_id, Sent.of(known.tags), known.status)

    def _send_files(self, store: Store, at: At) -> At:
        for path in self._files:
            if not path.is_file():
                continue
            mark = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            if at.sent.files.get(path.name) != mark:
                at = replace(at, sent=replace(at.sent, files={**at.sent.files, path.name: mark}))
                measures, tags = self.closing(path)
                store.file(at.run_id, path)
                store.log(at.run_id, measures, {**at.sent.tag, **tags}, {})
        return at


def when(path: Path) -> int:
    """When the file was written, in milliseconds since 1970."""
    return path.stat().st_mtime_ns // 10**6


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
