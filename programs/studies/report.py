"""What `report.py` does: the page of a run, or the page and tables of a study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.records.folder import RunFolder
from programs.reports.run_files import read_run
from programs.reports.write import write_report
from programs.screen import Screen
from programs.studies.keep import check_place, keep_results
from programs.studies.tracked import default_experiment, tracked_folders
from programs.studies.write import study_in, write_results
from programs.tracking.run import TrackedRun
from programs.tracking.session import OFF, Wish, send


def report_from_flags(given: Mapping[str, Any]) -> int:
    """Makes the report of the run or study named on the command line, and sends it to MLflow where that is asked for.

    Returns the exit code.
    """
    flags, screen = dict(given), Screen()
    wish, runs, name = Wish.of(flags, unsaid=OFF), Path(flags.get("runs_dir", "runs")), flags["run"]
    study = next((path for path in (Path(name), runs / name) if (path / "cells").is_dir()), None)
    results = flags.get("results")
    if results is not None and study is None:
        raise UserError(f"--results goes with a study, and {name} is none: leave the flag out, or name a study")
    if study is None:
        _run_report(RunFolder.find(runs, name), wish, screen)
    else:
        _study_report(study, results, wish, screen)
    return 0


def _run_report(folder: RunFolder, wish: Wish, screen: Screen) -> None:
    store = wish.store(read_run(folder).task.name, folder.path)
    write_report(folder)
    screen.result(f"written: {folder.report}")
    if store is not None:
        send(store, [TrackedRun(folder)], screen)


def _study_report(path: Path, results: str | None, wish: Wish, screen: Screen) -> None:
    """Its page and tables, and the same again made from the small files in `results` alone."""
    if not (path / "study.json").is_file():
        raise UserError(f"{path} has cells but no study.json, which says what was compared: put it back beside them")
    study = study_in(path)
    store = wish.store(default_experiment(path, study), path)
    if results is not None:
        check_place(path, Path(results))
    files = write_results(path, study)
    if not files:
        raise UserError(f"no cell of {path} is finished: continue it with study.py --run {path.name}")
    if results is not None:
        into = Path(results)
        keep_results(path, study, into)
        files += write_results(into, study_in(into))
    for file in files:
        screen.result(f"written: {file}")
    if store is not None:
        send(store, tracked_folders(path, study), screen)
