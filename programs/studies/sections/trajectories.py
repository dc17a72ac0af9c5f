"""Agreement after each step, by criterion (the paper's Figure 2)."""

from metrics.summary import Cell
from programs.reports.agreement import TITLES
from programs.reports.parts import Fold, Grid, Section
from programs.reports.plot import Figure
from programs.studies import table_trajectories
from programs.studies.comparison import Comparison
from programs.studies.resampled import SHOWN
from programs.studies.sections.drawing import by_step

METRIC = SHOWN[0]


def section(task: Comparison) -> Section:
    drawn = [each for name in ("mean", *task.criteria) for each in _figures(task, name)]
    return Section(
        "Trajectories",
        [
            f"{TITLES[METRIC]} of the current judge after each step, pooled over the test rows, which decide nothing. "
            "Means over the seeds, with 95 % intervals over documents; the grey line is the joint initial prompt. "
            "Intervals that overlap do not say that two modes are alike: that is what paired differences are for.",
            Grid(drawn),
            Fold("The mean over the criteria, by step", [table_trajectories.by_step(task.curves)]),
        ],
    )


def _figures(task: Comparison, criterion: str) -> list[Figure]:
    cells = [one.cells(criterion, METRIC) for one in task.curves]
    place = 0 if criterion == "mean" else 1 + task.criteria.index(criterion)
    title = "Mean over the criteria" if criterion == "mean" else criterion
    return by_step(task, f"trajectory-{place}", title, cells, METRIC, _initial(task, criterion))


def _initial(task: Comparison, criterion: str) -> Cell | None:
    return None if task.initial is None else task.initial.cells[METRIC][criterion]
