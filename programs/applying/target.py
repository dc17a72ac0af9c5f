"""The file that a command writes: refused before the first LM call where it cannot be written, or must not be lost."""

import tempfile
from pathlib import Path

from programs.errors import UserError
from programs.settings import Settings
from programs.tasks.task import TASKS_FOLDER, Task


def writable(out: str, *sources: str | Path | None, flag: str = "--out") -> Path:
    """The file to write, links followed. Refused before any call: what cannot be written, or must not be lost."""
    path = Path(out).resolve()
    if (path.exists() and not path.is_file()) or not path.parent.is_dir():
        raise UserError(
            f"{flag} {out}: {'is no plain file' if path.exists() else 'its folder does not exist'}; name a file"
        )
    read = [Path(source).resolve() for source in sources if source is not None]
    if path in read or any(path == folder / "judge.json" for folder in read):
        raise UserError(f"{flag} {out}: is what is read here and would be lost; name another file")
    if (path.parent / "config.json").exists() and path.exists():
        raise UserError(f"{flag} {out}: is a file of a run and would be lost; name another file")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise UserError(f"{flag} {out}: cannot write there ({error.strerror}); name a file elsewhere") from None


def read_for(settings: Settings, task: Task) -> list[str | Path | None]:
    """The files that rows and ratings come from: the data, the table of ratings, and the file that names them."""
    named = [each.file for each in (task.data, task.ratings) if each is not None and each.file]
    return [settings.data, settings.ratings, settings.task, *(TASKS_FOLDER / file for file in named)]
