"""What `report.py` does: the page of a run, or the page and tables of a study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.records.folder import RunFolder
from programs.reports.write import write_report
from programs.screen import Screen
from programs.studies.keep import keep_results
from programs.studies.write import study_in, write_results


def report_from_flags(given: Mapping[str, Any]) -> int:
    """Makes the report of the run or study named on the command line. Returns the exit code."""
    runs, name = Path(given.get("runs_dir", "runs")), given["run"]
    study = next((path for path in (Path(name), runs / name) if (path / "cells").is_dir()), None)
    results = given.get("results")
    if results is not None and study is None:
        raise UserError(f"--results goes with a study, and {name} is none: leave the flag out, or name a study")
    files = _run_report(RunFolder.find(runs, name)) if study is None else _study_report(study, results)
    for file in files:
        Screen().result(f"written: {file}")
    return 0


def _run_report(folder: RunFolder) -> list[Path]:
    write_report(folder)
    return [folder.report]


def _study_report(path: Path, results: str | None) -> list[Path]:
    """Its page and tables, and the same again made from the small files in `results` alone."""
    if not (path / "study.json").is_file():
        raise UserError(f"{path} has cells but no study.json, which says what was compared: put it back beside them")
    files = write_results(path, study_in(path))
    if not files:
        raise UserError(f"no cell of {path} is finished: continue it with study.py --run {path.name}")
    if results is None:
        return files
    into = Path(results)
    keep_results(path, study_in(path), into)
    return [*files, *write_results(into, study_in(into))]
