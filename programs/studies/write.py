"""Writes a study's tables.md, tables.csv and report.html from its finished cells' files. No LM call is made."""

from collections.abc import Sequence
from pathlib import Path

from programs.errors import UserError
from programs.records.folder import read_json, write_text
from programs.reports.page import render
from programs.reports.parts import Section
from programs.studies import overview
from programs.studies.comparison import Comparison, comparisons
from programs.studies.interference.record import read_record
from programs.studies.lines import as_csv
from programs.studies.plan import Study, continued
from programs.studies.results import Result, results_of
from programs.studies.sections import sections_of
from programs.studies.tables import READING, as_text

Sections = Sequence[tuple[Comparison, Sequence[Section]]]


def study_in(path: Path) -> Study:
    """The study of a folder. Raises UserError where its study.json is damaged."""
    file = path / "study.json"
    return continued(read_json(file), {}, file)


def tasks_in(path: Path) -> list[Comparison]:
    """What the finished cells of a study's folder, or of its kept results, say of each task."""
    study = study_in(path)
    return comparisons(results_of(path, study), read_record(path), study.equal_calls)


def write_results(path: Path, study: Study) -> list[Path]:
    """The files written; none where no cell is finished. Raises UserError where the cells' files are damaged."""
    results = results_of(path, study)
    if not results:
        return []
    try:
        tasks = comparisons(results, read_record(path), study.equal_calls)
        sections = [(task, sections_of(task)) for task in tasks]
        files = {
            path / "tables.md": as_text(study, results, [(task.task, own) for task, own in sections]),
            path / "tables.csv": as_csv(line for task in tasks for line in task.lines()),
            path / "report.html": _page(path, study, results, sections),
        }
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(
            f"the files of the cells in {path} do not fit together ({error!r}): restore them, or remove the "
            "summary.json of the damaged cell and run the study again, which repeats no call"
        ) from None
    for file, text in files.items():
        write_text(file, text)
    return list(files)


def _page(path: Path, study: Study, results: Sequence[Result], sections: Sections) -> str:
    tasks = [task for task, _ in sections]
    file = path / "study.json"
    return render(
        "study.html",
        name=path.name,
        path=path,
        headlines=[overview.headline(task) for task in tasks],
        cautions=overview.cautions(study, tasks),
        facts=overview.facts(path, study, results),
        reading=READING,
        tasks=[{"name": task.task, "sections": own} for task, own in sections],
        settings=overview.settings_table(study, read_json(file) if file.exists() else {}),
    )
