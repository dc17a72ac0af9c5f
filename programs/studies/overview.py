"""The head of a study's page: what came of it in a sentence a task, what to be careful about, what was compared."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metrics.summary import Cell
from programs.report_tables import cell_text
from programs.reports.agreement import TITLES, reading
from programs.reports.table import Table
from programs.settings import resolve
from programs.studies import table_objectives
from programs.studies.comparison import Comparison
from programs.studies.plan import Study
from programs.studies.resampled import SHOWN
from programs.studies.results import KEPT, Result
from programs.studies.tables import missing_cells

METRIC = SHOWN[0]


READINGS = ("better", "worse", "no change shown", "no interval", "undefined")
"""What a difference can be read as, in the order in which they are counted."""


def headline(task: Comparison) -> str:
    """How the kept judges stand to the joint initial prompt."""
    if task.initial is None:
        return f"{task.task}: nothing is compared with the joint initial prompt: a joint mode of every seed is needed."
    modes = [one for one in task.trajectories if one.configuration.plain or not task.arms]
    return f"{task.task}: {standing(task, METRIC)}{f' {table_objectives.count(modes)}' if modes else ''}"


def standing(task: Comparison, metric: str) -> str:
    """How many kept judges agree better or worse with the raters than the joint initial prompt, which is known."""
    starts = {name: cell_text(each.cells[metric]["mean"]) for name, each in task.baselines.items()}
    start = "; ".join(starts.values() if len(starts) == 1 else [f"{name} {cell}" for name, cell in starts.items()])
    return (
        f"against the joint initial prompt ({TITLES[metric]} {start}, mean over the criteria) the kept judges of "
        f"{counted(differences(task, metric, ['mean']), metric, 'configurations')}."
    )


def differences(task: Comparison, metric: str, names: Sequence[str]) -> list[Cell]:
    """The kept judges' differences from the joint initial prompt, of every configuration in each of `names`."""
    known = [one.against_initial.cells[metric] for one in task.compared if one.against_initial is not None]
    return [cells[name] for cells in known for name in names]


def counted(found: Sequence[Cell], metric: str, unit: str) -> str:
    """`5 configurations: 2 better, 3 no change shown`."""
    readings = Counter(reading(cell, metric) for cell in found)
    return f"{len(found)} {unit}: {', '.join(f'{readings[word]} {word}' for word in READINGS if readings[word])}"


def cautions(study: Study, tasks: Sequence[Comparison]) -> list[str]:
    """What a reader must know before the numbers."""
    results = [result for task in tasks for result in task.results]
    found = []
    if missing := missing_cells(study, results):
        left = len(study.cells()) - len(results)
        found.append(f"{left} cells are not finished, and in no table: {', '.join(missing)}.")
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
        *([("Modes", ", ".join(study.modes))] if study.modes else []),
        *([("Gates", ", ".join(study.gates))] if study.gates else []),
        *([("Arms", ", ".join(study.arms))] if study.arms else []),
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
