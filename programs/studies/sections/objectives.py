"""The multi-objective view: dominated volume by step, and which steps beat the joint initial prompt."""

from metrics.hypervolume import REFERENCE
from programs.reports.agreement import TITLES
from programs.reports.parts import Grid, Part, Section
from programs.reports.plot import Figure
from programs.studies import table_objectives
from programs.studies.comparison import Comparison
from programs.studies.sections.drawing import bare, by_step


def section(task: Comparison) -> Section:
    return Section("Several criteria at once", [*_volumes(task), *_better(task)])


def _volumes(task: Comparison) -> list[Part]:
    tables = [table_objectives.hypervolumes(task.trajectories, metric) for metric in REFERENCE]
    drawn = [each for metric in REFERENCE for each in _volume_figures(task, metric)]
    return [
        "A step is non-dominated where no other step of its configuration is at least as good on all criteria and "
        "better on one. The hypervolume of the steps so far cannot fall, and maxima over noisy steps are biased "
        "upward: its growth by itself is no progress.",
        Grid(drawn),
        *tables,
    ]


def _volume_figures(task: Comparison, metric: str) -> list[Figure]:
    values = [
        {step: bare(value) for step, value in zip(one.steps, one.so_far(metric), strict=True)}
        for one in task.trajectories
    ]
    title = f"Hypervolume of the steps so far, {TITLES[metric]}"
    return by_step(task, f"hypervolume-{metric}", title, values, "hypervolume")


def _better(task: Comparison) -> list[Part]:
    steps = max(len(one.steps) for one in task.trajectories) - 1
    values = [dict(zip(one.steps, one.against_initial or (), strict=False)) for one in task.trajectories]
    title = "Minus the joint initial prompt, mean Spearman"
    modes = [one for one in task.trajectories if one.configuration.plain]
    drawn = by_step(task, "against-initial", title, values, "difference", bare(0.0)) if any(values) else []
    counted = f"{table_objectives.count(modes)} " if modes else ""
    return [
        Grid(drawn),
        table_objectives.ever_better(task.trajectories),
        f"{counted}Each interval alone lies above zero in 2.5 % of cases where "
        f"nothing has changed, and each configuration has {steps} chances.",
    ]
