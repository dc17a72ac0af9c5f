"""What `report.py` does: the page of a run, or the page and tables of a study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.records.folder import RunFolder
from programs.reports.write import write_report
from programs.screen import Screen
from programs.studies.write import study_in, write_results


def report_from_flags(given: Mapping[str, Any]) -> int:
    """Makes the report of the run or study named on the command line. Returns the exit code."""
    runs, name = Path(given.get("runs_dir", "runs")), given["run"]
    study = next((path for path in (Path(name), runs / name) if (path / "cells").is_dir()), None)
    for file in _run_report(RunFolder.find(runs, name)) if study is None else _study_report(study):
        Screen().result(f"written: {file}")
    return 0


def _run_report(folder: RunFolder) -> list[Path]:
    write_report(folder)
    return [folder.report]


def _study_report(path: Path) -> list[Path]:
    if not (path / "study.json").is_file():
        raise UserError(f"{path} has cells but no study.json, which says what was compared: put it back beside them")
    files = write_results(path, study_in(path))
    if not files:
        raise UserError(f"no cell of {path} is finished: continue it with study.py --run {path.name}")
    return files
