"""Kills this process right before one of its file operations: between any two of them a kill leaves another state."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

OPERATIONS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def kill_before(number: int, folder: Path, counter: Path) -> None:
    """SIGKILL before the `number`-th operation (from 1) that changes something in `folder`; 0: never. How many there
    were is written to `counter` after each."""
    place, count = str(folder.resolve()), 0
    handle = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if _changes(event, arguments, place):
            count += 1
            os.pwrite(handle, f"{count:6}".encode(), 0)
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _changes(event: str, arguments: tuple[Any, ...], place: str) -> bool:
    if event == "open":
        path, _, flags = arguments
        return isinstance(path, str) and bool(flags & WRITING) and str(Path(path).absolute()).startswith(place)
    if event not in OPERATIONS:
        return False
    path = arguments[0]
    within = isinstance(arguments[-1], int) and arguments[-1] >= 0  # a name in an open folder, as rmtree has them
    return within or (isinstance(path, str | os.PathLike) and str(Path(path).absolute()).startswith(place))
