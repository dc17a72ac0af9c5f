"""How many test rows got a score: an unscored row counts in no metric and is never a zero."""

from programs.reports.parts import Section
from programs.reports.table import Table
from programs.studies.comparison import Comparison
from programs.studies.results import KEPT, Configuration


def section(task: Comparison) -> Section:
    parts: dict[str, str] = {"initial": "0", "kept": KEPT}
    rows = [
        [one.mode, one.gate, name, *_counts(one, judge)] for one in task.configurations for name, judge in parts.items()
    ]
    caption = "Test rows with a valid score, of all, over the seeds"
    table = Table.of(caption, ("mode", "gate", "judge", *task.criteria), rows)
    return Section("Coverage", ["An unscored row counts in no metric and is never a zero.", table])


def _counts(one: Configuration, judge: str) -> list[str]:
    runs = one.scores(judge)
    scored = sum(run.scored.sum(axis=0) for run in runs)
    return [f"{int(count)}/{sum(len(run) for run in runs)}" for count in scored]
