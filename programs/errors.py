"""The one exception for mistakes that the user can mend."""

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path


class UserError(ValueError):
    """Bad input: its message is one line that names the file, row or flag and says what to do (exit code 2)."""


class CannotWrite(UserError):
    """The system lets a file not be written: a full disk, a quota, a folder that is read-only."""

    @classmethod
    def of(cls, path: str | Path, error: OSError) -> "CannotWrite":
        return cls(f"cannot write {path}: {error.strerror}; {_REMEDIES.get(error.errno or 0, 'choose another place')}")


_FULL, _LOCKED = "make room there", "make it writable, or choose another place"
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: _LOCKED,
    errno.EACCES: _LOCKED,
    errno.EPERM: _LOCKED,
}


def suggest(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'mae'?"`, or nothing where no known word is near (a suffix for error messages)."""
    lowered = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lowered, n=1)
    return f"; did you mean '{lowered[near[0]]}'?" if near else ""
