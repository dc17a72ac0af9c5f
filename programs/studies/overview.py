"""The head of a study's page: what came of it in a sentence a task, what to be careful about, what was compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from programs.report_tables import cell_text
from programs.reports.agreement import TITLES, reading
from programs.reports.table import Table
from programs.settings import resolve
from programs.studies import table_objectives, table_one
from programs.studies.comparison import Comparison
from programs.studies.plan import Study
from programs.studies.results import KEPT, Result
from programs.studies.tables import missing_cells

METRIC = table_one.SHOWN[0]


def headline(task: Comparison) -> str:
    """How the kept judges stand to the joint initial prompt."""
    if task.initial is None:
        return f"{task.task}: nothing is compared with the joint initial prompt: a joint mode of every seed is needed."
    known = [one.against_initial.cells[METRIC]["mean"] for one in task.compared if one.against_initial is not None]
    found = [reading(cell, METRIC) for cell in known]
    counts = {word: found.count(word) for word in ("better", "worse")}
    start = cell_text(task.initial.cells[METRIC]["mean"])
    return (
        f"{task.task}: of {len(found)} configurations' kept judges, {counts['better']} agree better with the raters "
        f"than the joint initial prompt and {counts['worse']} worse, with their whole interval; for "
        f"{len(found) - sum(counts.values())} no change is shown ({TITLES[METRIC]}, mean over the criteria; the joint "
        f"initial prompt has {start}). {table_objectives.count(task.trajectories)}"
    )


def cautions(study: Study, tasks: Sequence[Comparison]) -> list[str]:
    """What a reader must know before the numbers."""
    results = [result for task in tasks for result in task.results]
    found = []
    if missing := missing_cells(study, results):
        found.append(f"{len(missing)} cells are not finished, and in no table: {', '.join(missing)}.")
    if len(study.seeds) == 1:
        found.append("There is one seed only: nothing says how much runs differ by themselves.")
    if unscored := sum(int((~run.scores(KEPT).scored).sum()) for run in results):
        found.append(f"{unscored:,} scores of the kept judges are missing: they count in no metric (see Coverage).")
    if any(not run.rubrics for run in results):
        found.append("Some cells have only their small JSON files here: what needs their steps is left out, by name.")
    found.append(
        "Intervals are of one comparison each: of many configurations some will look better by chance, and the best of "
        "them looks better than it is."
    )
    return found


def facts(path: Path, study: Study, results: Sequence[Result]) -> list[tuple[str, str]]:
    """Label and value of what one looks for first."""
    settings = resolve(study.settings)
    rows = dict.fromkeys(_rows(result) for result in results)
    return [
        ("Tasks", ", ".join(dict.fromkeys(cell.task_name for cell in study.cells()))),
        ("Modes", ", ".join(study.modes)),
        ("Gates", ", ".join(study.gates)),
        ("Seeds", ", ".join(map(str, study.seeds))),
        ("Finished", f"{len(results)} of {len(study.cells())} cells"),
        ("LM", str(settings.lm)),
        ("Steps", f"{settings.steps}, {settings.batch_size} rows each"),
        ("Rows", "; ".join(rows)),
        ("Folder", str(path)),
    ]


def settings_table(study: Study, stored: dict[str, Any]) -> Table:
    """The flags that all cells share, and what the study was begun with."""
    given = [[name.replace("_", " "), str(value)] for name, value in study.settings.items()]
    versions = [[name, str(version)] for name, version in (stored.get("versions") or {}).items()]
    rows = [*given, ["commit", str(stored.get("commit") or "not known")], *versions]
    return Table.of("Flags, and what the study was begun with", ("what", "value"), rows)


def _rows(result: Result) -> str:
    rows = result.summary.get("rows") or {"test": len(result.tested.rows)}
    return f"{result.cell.task_name}: {', '.join(f'{count} {part}' for part, count in rows.items())}"
