"""Files that grow line by line, and what they do where the disk is full.

Covered: a line is there whole or not at all, and what was asked before the disk was full is kept, since there is room
in reserve for it. Not covered: a limit on the size of a file (`ulimit -f`), which no reserve helps against; and replies
of more than `RESERVE` bytes together.
"""

import contextlib
import os
from pathlib import Path

from programs.errors import CannotWrite

RESERVE = 2**20
"""Bytes that are kept free while requests are under way: what the replies to them take, and more."""


class Appended:
    """A file to whose end whole lines are written, each at once. Raises `refusal` where the system refuses."""

    def __init__(self, path: Path, refusal: type[CannotWrite] = CannotWrite) -> None:
        self.path = path
        self._refusal = refusal
        self._full: CannotWrite | None = None
        self._held = path.with_name(f".{path.name}.reserve")
        self._holds = False
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise self._refusal.of(path, error) from None

    def reserve(self) -> None:
        """Sees to it that a line of the near future can be written. Raises CannotWrite where it could not."""
        if self._full is not None:
            raise self._full
        if self._holds:
            return
        try:
            self._held.write_bytes(bytes(RESERVE))
        except OSError as error:
            self._release()
            raise self._refusal.of(self.path, error) from None
        self._holds = True

    def append(self, line: bytes) -> None:
        """Writes the line. On a full disk the reserve is spent on it, and `reserve` refuses from then on."""
        try:
            self._write(line)
        except OSError as error:
            self._full = self._refusal.of(self.path, error)
            self._release()
            try:
                self._write(line)
            except OSError:
                raise self._full from None

    def cut(self, end: int) -> None:
        """Leaves the first `end` bytes."""
        self._file.truncate(end)

    def close(self) -> None:
        self._file.close()
        self._release()

    def _release(self) -> None:
        with contextlib.suppress(OSError):
            self._held.unlink(missing_ok=True)

    def _write(self, line: bytes) -> None:
        before, rest = os.fstat(self._file.fileno()).st_size, memoryview(line)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(before)  # else the next line would begin in the middle of this one
            raise
