"""The file that a command writes: refused before the first LM call where it cannot be written, or must not be lost."""

import tempfile
from pathlib import Path

from programs.errors import UserError


def writable(out: str, *sources: str | Path | None, flag: str = "--out") -> Path:
    """The file to write, links followed. Refused before any call: what cannot be written, or must not be lost."""
    path = Path(out).resolve()
    if (path.exists() and not path.is_file()) or not path.parent.is_dir():
        raise UserError(
            f"{flag} {out}: {'is no plain file' if path.exists() else 'its folder does not exist'}; name a file"
        )
    if any(source is not None and path == Path(source).resolve() for source in sources):
        raise UserError(f"{flag} {out}: is what is read here and would be lost; name another file")
    if (path.parent / "config.json").exists() and path.exists():
        raise UserError(f"{flag} {out}: is a file of a run and would be lost; name another file")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise UserError(f"{flag} {out}: cannot write there ({error.strerror}); name a file elsewhere") from None
