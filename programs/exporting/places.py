"""Where an export goes: refused where it cannot be written, or where something would be lost."""

import sys
from keyword import iskeyword
from pathlib import Path

from programs.applying.target import writable
from programs.errors import CannotWrite, UserError
from programs.exporting.formats import Files
from programs.records.folder import make_folder, write_text


def file_for(out: str, judge: Path, *, python: bool) -> Path:
    """The file to write. A Python file must be one that can be imported. Raises UserError."""
    path = writable(out, str(judge), str(judge / "judge.json"))
    if python and not (path.suffix == ".py" and path.stem.isidentifier() and not iskeyword(path.stem)):
        raise UserError(f"--out {out}: would be a Python module, which other files import: name it like my_judge.py")
    if python and path.stem in sys.stdlib_module_names:
        raise UserError(f"--out {out}: would hide Python's own module {path.stem}: name it like my_judge.py")
    return path


def folder_for(out: str) -> Path:
    """The folder to make: a new one, or an empty one. Raises UserError."""
    path = Path(out).resolve()
    if path.exists() and not path.is_dir():
        raise UserError(f"--out {out}: is a file, and this format is a folder; name a new folder")
    if path.is_dir() and any(path.iterdir()):
        raise UserError(f"--out {out}: holds files already, which might be lost; name a new folder")
    if not path.parent.is_dir():
        raise UserError(f"--out {out}: the folder it lies in does not exist; make it first")
    return path


def write_files(files: Files, target: Path, *, folder: bool) -> None:
    """Writes the files of an export, all or none. Raises CannotWrite."""
    if folder:
        make_folder(target)
    written = []
    try:
        for name, content in files.items():
            write_text(target / name, content)  # of a single file the name is "", and so the target itself is meant
            written.append(target / name)
    except CannotWrite:
        for path in written:
            path.unlink()  # a folder that holds files would be refused the next time
        raise
