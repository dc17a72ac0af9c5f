"""A cell's run away from the study's disk: what is sent with it, and what comes back, as plain bytes."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from programs.optimizer.run import optimize
from programs.records.calls import Links
from programs.records.folder import RunFolder, write_bytes
from programs.records.shared import SharedAnswers
from programs.screen import Screen
from programs.studies.cells import FAILURES, failure_of
from programs.studies.prepare import Ready, check_cell_lms

Wrote = Callable[[bytes], None]


@dataclass(frozen=True)
class Order:
    """A cell to be run: `log` is what its own calls.jsonl holds by now, `known` are those of its kin."""

    ready: Ready
    log: bytes
    known: Sequence[bytes]


@dataclass(frozen=True)
class Parcel:
    """The files of a cell's run, whole or not, and what it failed with, if it did."""

    files: dict[str, bytes]
    failed: str | None


def fulfil(order: Order, wrote: Wrote) -> Parcel:
    """Runs (or resumes) the cell in a folder of this machine; `wrote` gets each line of its log before it is used."""
    logging.getLogger("dspy").setLevel(logging.ERROR)
    with TemporaryDirectory(prefix="judgegrad-cell-") as place:
        path = Path(place)
        folder, shared = RunFolder(path / "run"), SharedAnswers()
        folder.path.mkdir()
        folder.calls.write_bytes(order.log)
        for number, log in enumerate(order.known):
            (kin := path / f"{number}.jsonl").write_bytes(log)
            shared.add(kin)
        with folder:
            failed = _failure(order.ready, folder, shared, wrote)
        return Parcel({file.name: file.read_bytes() for file in folder.files if file.is_file()}, failed)


def _failure(ready: Ready, folder: RunFolder, shared: SharedAnswers, wrote: Wrote) -> str | None:
    try:
        check_cell_lms([ready])
        optimize(ready.settings, ready.material, folder, Screen(quiet=True), shared, Links(wrote=wrote))
    except FAILURES as error:
        return failure_of(error)
    return None


def unpack(parcel: Parcel, folder: RunFolder) -> None:
    """Puts a run's files in the cell's folder, nothing else; summary.json, which marks it as finished, comes last."""
    for file in folder.files:
        if file.name in parcel.files:
            write_bytes(file, parcel.files[file.name])
