"""Table 1: agreement before and after by mode and gate, against each mode's own start and the joint initial prompt."""

from collections.abc import Sequence

from metrics.detectable import detectable
from metrics.over_runs import OverRuns
from programs.reports.agreement import TITLES
from programs.reports.parts import Fold, Part, Section
from programs.reports.plot import Figure
from programs.reports.table import Table
from programs.studies import table_one
from programs.studies.comparison import Comparison
from programs.studies.markdown import NONE, cell, number
from programs.studies.peers import explained
from programs.studies.resampled import SHOWN
from programs.studies.sections.drawing import forest

DIFFERENCES = {"difference": "paired difference", "against_initial": "after minus joint initial"}


def section(task: Comparison) -> Section:
    tables = [table_one.by_configuration(task.compared, task.baselines, metric) for metric in SHOWN]
    return Section(
        "Agreement",
        [_figure(task), *tables, *explained(task.configurations), Fold("By criterion", _by_criterion(task))],
    )


def _figure(task: Comparison) -> Figure:
    metric = SHOWN[0]
    parts = {
        title: [part.cells[metric]["mean"] if (part := one.parts.get(name)) else None for one in task.compared]
        for name, title in reversed(DIFFERENCES.items())
    }
    return forest(
        task,
        "agreement",
        f"What optimization changed: {TITLES[metric]}, mean over the criteria",
        "Right of zero is better than before, with 95 % intervals over documents; an interval that holds zero shows no "
        "change. The paired difference is with the mode's own initial judge; where that is the joint initial prompt, "
        "both are the same.",
        parts,
    )


def _by_criterion(task: Comparison) -> list[Part]:
    found: list[Part] = []
    for metric in SHOWN:
        after = [(one.configuration.name, one.after) for one in task.compared]
        found.append(_table(task, f"{TITLES[metric]} of the kept judges", metric, after))
        for name, title in DIFFERENCES.items():
            parts = [(one.configuration.name, part) for one in task.compared if (part := one.parts.get(name))]
            caption = f"{TITLES[metric]}, {title} (and the smallest that could be told from zero)"
            found.append(_table(task, caption, metric, parts, smallest=True))
    return found


def _table(
    task: Comparison,
    caption: str,
    metric: str,
    parts: Sequence[tuple[tuple[str, str, str], OverRuns]],
    smallest: bool = False,
) -> Table:
    rows = [
        [mode, gate, *(_text(part, metric, name, smallest) for name in task.criteria)]
        for (_, mode, gate), part in parts
    ]
    return Table.of(caption, ("mode", "gate", *task.criteria), rows)


def _text(part: OverRuns, metric: str, name: str, smallest: bool) -> str:
    found = part.cells[metric][name]
    if not smallest:
        return cell(found)
    least = detectable(found)
    return f"{cell(found)} ({NONE if least is None else number(least)})"
