"""Small disks that can be full or read-only: a tmpfs, where this user may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = 4096
"""A tmpfs gives room in pieces of so many bytes."""


class NoDisk(OSError):
    """No file system can be mounted here."""


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """An empty disk of `size` bytes at `place`. Raises NoDisk where this user may not mount one."""
    place.mkdir(parents=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Leaves `left` bytes, in whole pages. The file that fills the rest is to be removed to make room again."""
    found = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(max(found.f_bavail * found.f_frsize - left // PAGE * PAGE, 0)))
    return filler


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """The disk lets nothing be written while the block runs."""
    _mount("-o", "remount,ro", str(disk))
    try:
        yield
    finally:
        _mount("-o", "remount,rw", str(disk))


def _mount(*words: str) -> None:
    try:
        done = subprocess.run(["mount", *words], capture_output=True, text=True)
    except OSError as error:
        raise NoDisk(str(error)) from None
    if done.returncode:
        raise NoDisk(done.stderr.strip())
