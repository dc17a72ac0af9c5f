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
    study = next((path for path in (Path(name), runs / name) if (path / "study.json").is_file()), None)
    screen = Screen()
    if study is None:
        folder = RunFolder.find(runs, name)
        write_report(folder)
        screen.result(f"report: {folder.report}")
        return 0
    files = write_results(study, study_in(study))
    if not files:
        raise UserError(f"no cell of {study} is finished: continue it with study.py --run {study.name}")
    for file in files:
        screen.result(f"written: {file}")
    return 0
