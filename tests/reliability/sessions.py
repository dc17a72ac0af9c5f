"""Sessions of a command in processes of their own, each the leader of a group that a signal ends as a whole."""

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.processes import session
from tests.reliability.disks import obey_modes
from tests.reliability.file_operations import kill_before

ROOT = Path(__file__).parents[2]
PATIENCE = 600.0
"""Seconds after which a session counts as hung."""

BLOCK = 16
"""Rows of a block of score.py in a forked session, so that there are several."""


@dataclass(frozen=True)
class Command:
    """A command, its flags, and the folder in which it is given. What it says goes to `screen`, else beside that.

    A forked one has DSPy's cache in `cache`, where one is given; `lawful`, even root may write only what the modes of
    files and folders let it.
    """

    name: str
    flags: Sequence[str]
    folder: Path
    screen: Path | None = None
    cache: Path | None = None
    lawful: bool = False


class Session:
    """A running command: as a person starts it, or (`forked`) forked from a process that has imported everything, which
    takes milliseconds. DSPy's cache is off: forked without any, else in an empty folder of its own.

    `strike` is the number of the file operation before which a forked one kills itself; `counter` counts them.
    """

    def __init__(self, command: Command, forked: Any = None, strike: int = 0) -> None:
        self.command = command
        self.screen = command.screen or command.folder.with_suffix(".screen")
        self.counter = self.screen.with_suffix(".operations")
        self.begun = time.monotonic()
        self._process: BaseProcess | None = None
        self._started: subprocess.Popen[bytes] | None = None
        self._cache = tempfile.TemporaryDirectory(prefix="judgegrad-cache-")
        if forked is None:
            self._started = self._start()
        else:
            self._process = forked.Process(target=_run, args=(command, self.screen, strike, self.counter))
            self._process.start()

    @property
    def alive(self) -> bool:
        if self._process is not None:
            return self._process.is_alive()
        assert self._started is not None
        return self._started.poll() is None

    def signal(self, number: int) -> None:
        """To all processes of the group."""
        pid = self._process.pid if self._process is not None else self._started.pid if self._started else None
        if not self.alive or not pid:
            return
        try:
            os.killpg(pid, number)
        except ProcessLookupError:  # not yet the leader of a group, or gone
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return

    def wait(self, until: Callable[[], bool] = lambda: False) -> None:
        """Until it has ended, or something else is so."""
        deadline = time.monotonic() + PATIENCE
        while self.alive and not until():
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL)
                raise TimeoutError(f"{self.command.name} hangs: {self.said[-2000:]}")
            time.sleep(0.001)

    def end(self) -> int | None:
        """The exit code, once it has ended; negative: by a signal."""
        self.wait()
        self._cache.cleanup()
        if self._process is not None:
            self._process.join()
            return self._process.exitcode
        assert self._started is not None
        return self._started.wait()

    @property
    def said(self) -> str:
        return self.screen.read_text() if self.screen.exists() else ""

    @property
    def operations(self) -> int:
        return int(self.counter.read_text() or 0) if self.counter.exists() else 0

    def _start(self) -> "subprocess.Popen[bytes]":
        words = [sys.executable, str(ROOT / "programs" / f"{self.command.name}.py"), *self.command.flags]
        place = {"DSPY_CACHEDIR": self._cache.name, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "none"}
        with self.screen.open("wb") as screen:
            return subprocess.Popen(
                words,
                cwd=self.command.folder,
                env={**os.environ, **place},
                stdout=screen,
                stderr=screen,
                start_new_session=True,
            )


def _run(command: Command, screen: Path, strike: int, counter: Path) -> None:
    os.setpgid(0, 0)
    os.chdir(command.folder)
    importlib.import_module("programs.applying.texts").BLOCK = BLOCK  # type: ignore[attr-defined]
    kill_before(strike, command.folder, counter)
    screen.write_bytes(b"")
    screen.chmod(0o666)
    if command.lawful:
        obey_modes()
    session(command.name, list(command.flags), screen, command.cache)
