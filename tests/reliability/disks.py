"""Small disks that can be full or read-only: a tmpfs, where this user may mount one."""

import ctypes
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


def obey_modes() -> None:
    """From here on this process is refused what modes refuse: root gives up its right to override them."""
    if os.getuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    sets[0] &= ~(1 << 1)  # CAP_DAC_OVERRIDE
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def lock(folder: Path, *, locked: bool) -> None:
    """Takes the right to write from the folder and all in it, or gives it back."""
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o555 if locked else 0o755) if path.is_dir() else (0o444 if locked else 0o644))


def _mount(*words: str) -> None:
    try:
        done = subprocess.run(["mount", *words], capture_output=True, text=True)
    except OSError as error:
        raise NoDisk(str(error)) from None
    if done.returncode:
        raise NoDisk(done.stderr.strip())
