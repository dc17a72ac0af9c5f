"""Length asymmetry: how unequal the rubrics become from step to step, and whether agreement is lost with it."""

from collections.abc import Mapping

from metrics.over_runs import mean_or_none
from programs.reports.parts import Fold, Grid, Part, Section
from programs.reports.plot import PALETTE, Figure, axis, figure, plain, step_axis
from programs.reports.table import Table
from programs.studies import table_lengths
from programs.studies.comparison import Comparison
from programs.studies.markdown import number
from programs.studies.results import Configuration
from programs.studies.sections.drawing import bare, by_step, label

ABSENT = "Left out: the rubrics' lengths of some cells are not here (a cell's lengths.json or steps.jsonl)."


def section(task: Comparison) -> Section:
    whole = all(run.lengths for one in task.stepwise for run in one.results)
    return Section("Length asymmetry", _parts(task) if whole else [ABSENT])


def _parts(task: Comparison) -> list[Part]:
    ginis = [_means(task, one, "gini") for one in task.stepwise]
    cells = [{step: bare(value) for step, value in found.items()} for found in ginis]
    return [
        Grid(by_step(task, "gini", "Gini of the rubrics' lengths", cells, "Gini")),
        Fold(
            "Gini, and the longest rubric against the shortest, by step",
            [table_lengths.by_step(task.stepwise, what) for what in ("gini", "ratio")],
        ),
        Grid([_shares(task, place, one) for place, one in enumerate(task.stepwise)], width="middle"),
        table_lengths.at_the_end(task.stepwise),
        "Does agreement fall where rubrics become unequal? What is of the prompt goes with the mean over the criteria, "
        "what is of a criterion with its own agreement (its own rubric changes too, so this says what goes together, "
        "not what causes what).",
        table_lengths.correlations(task.plain),
    ]


def _shares(task: Comparison, place: int, one: Configuration) -> Figure:
    """Each rubric's share of all tokens, by step."""
    found = {name: _means(task, one, "share", name) for name in task.criteria}
    steps = sorted({step for values in found.values() for step in values})
    traces = [
        {
            "type": "bar", "x": steps, "y": [values.get(step) for step in steps], "name": plain(name),
            "marker": {"color": PALETTE[count % len(PALETTE)]}, "hovertemplate": "%{y:.0%}",
        }
        for count, (name, values) in enumerate(found.items())
    ]  # fmt: skip
    title = f"Share of each rubric, {label(task, one)}"
    rows = [[str(step), *(number(values.get(step), 2) for values in found.values())] for step in steps]
    return figure(
        f"{task.task}-shares-{place}", title, "", traces, Table.of(title, ("step", *found), rows), height=300,
        barmode="stack", xaxis={**step_axis(max(steps)), "range": [-0.6, max(steps) + 0.6]},
        yaxis=axis("", range=[0, 1], tickformat=".0%"),
    )  # fmt: skip


def _means(task: Comparison, one: Configuration, what: str, criterion: str = "") -> Mapping[int, float | None]:
    """Step -> the mean over the seeds that have the step."""
    found: dict[int, list[float | None]] = {}
    for line in task.lengths:
        if (line.mode, line.gate, line.what, line.criterion) == (one.mode, one.gate, what, criterion):
            found.setdefault(line.step or 0, []).append(line.value)
    return {step: mean_or_none(values) for step, values in sorted(found.items())}
