"""A study's small results, to be kept where its run folders are not: numbers only, no text of the data or of an LM.

Gradients quote the texts that they are about, and rubrics may; so steps lose their words, and keep what the gate
decided.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.records.folder import make_folder, read_json, read_lines, write_bytes, write_json, write_text
from programs.studies.cells import cell_folder
from programs.studies.plan import Study

WHOLE = ("summary.json", "scores.json", "cost.json", "lengths.json", "diagnostics.json", "timing.json")
"""Files of a cell that hold numbers and hashes only."""

WORDLESS = ("step", "gate", "validation", "scores", "spent")
"""What is kept of a line of steps.jsonl."""


def keep_results(path: Path, study: Study, into: Path) -> None:
    """Copies the small files of every finished cell of the study at `path` into the folder `into`.

    What is there is a study's folder again: its tables and page can be made from it. `check_place` comes first. Raises
    UserError where it cannot be written.
    """
    make_folder(into)
    mine = _nameless(read_json(path / "study.json"))
    write_json(into / "study.json", mine)  # first, so that what was not finished can be gone on with
    for cell in study.cells():
        if (folder := cell_folder(path, cell)).finished:
            _keep_cell(folder.path, into / "cells" / cell.id)
    for name in ("interference.json", "confirmation.json", "confirmation.md"):
        _copy(path / name, into)


def check_place(path: Path, into: Path) -> None:
    """Raises UserError where `into` holds anything but earlier results of the study at `path`."""
    file = into / "study.json"
    if file.is_file():
        if not _continues(read_json(file).get("study"), _nameless(read_json(path / "study.json"))["study"]):
            raise UserError(f"--results {into} holds the results of another study: choose another folder")
    elif into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UserError(f"--results {into} exists and is not a study's results: choose another folder")


def _continues(kept: Any, now: Mapping[str, Any]) -> bool:
    """Whether what is kept is of the same study, which may have got further seeds and arms since."""
    if not isinstance(kept, dict):
        return False
    before, after = ({"equal_calls": "", **each, "arms": each.get("arms", {})} for each in (kept, now))
    grown = (
        set(before.pop("seeds")) <= set(after.pop("seeds")) and before.pop("arms").items() <= after.pop("arms").items()
    )
    return grown and before == after


def _nameless(stored: Mapping[str, Any]) -> dict[str, Any]:
    """study.json without the places of this machine: files keep their names only, servers go."""
    study = dict(stored["study"])
    study["data"] = [Path(place).name if Path(place).is_absolute() else place for place in study["data"]]
    study["tasks"] = [Path(task).stem if task.endswith(".toml") else task for task in study["tasks"]]
    settings = study["settings"]
    study["settings"] = _named_lms(settings)
    study["arms"] = {name: _named_lms(flags) for name, flags in study.get("arms", {}).items()}
    if "ratings" in settings:
        study["settings"]["ratings"] = Path(settings["ratings"]).name
    return {**stored, "study": study}


def _named_lms(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags with files' names in place of their paths, and without servers."""
    here = {key: value for key, value in flags.items() if not key.endswith("api_base")}
    return {key: _file_name(value) if key.endswith("lm") else value for key, value in here.items()}


def _file_name(lm: str) -> str:
    return f"local:{Path(lm).name}" if lm.startswith("local:") else lm


def _keep_cell(path: Path, into: Path) -> None:
    make_folder(into)
    for name in WHOLE:
        _copy(path / name, into)
    wordless = ({key: line[key] for key in WORDLESS if key in line} for line in read_lines(path / "steps.jsonl"))
    write_text(into / "steps.jsonl", "".join(json.dumps(line) + "\n" for line in wordless))


def _copy(file: Path, into: Path) -> None:
    if file.is_file():
        write_bytes(into / file.name, file.read_bytes())
