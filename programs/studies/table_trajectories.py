"""Agreement on the test rows by step and criterion, with intervals (the paper's Figure 2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metrics.over_runs import OverRuns
from metrics.summary import Cell
from programs.reports.agreement import TITLES
from programs.reports.table import Table
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import NONE, cell
from programs.studies.resampled import SHOWN, values
from programs.studies.results import Configuration


@dataclass(frozen=True, eq=False)
class Curve:
    """One configuration's agreement after each step that all its seeds tested."""

    configuration: Configuration
    values: dict[int, OverRuns]

    def cells(self, criterion: str, metric: str = SHOWN[0]) -> dict[int, Cell]:
        """Step -> the value of a criterion, or of their "mean", with its interval."""
        return {step: found.cells[metric][criterion] for step, found in self.values.items()}


def curve(configuration: Configuration) -> Curve:
    """The means over the seeds."""
    return Curve(configuration, {step: values(configuration.scores(step)) for step in configuration.steps})


def lines(curves: Sequence[Curve]) -> Iterator[Line]:
    """One line a configuration, step, metric and criterion."""
    for one in curves:
        for step, found in one.values.items():
            for metric, cells in found.cells.items():
                for name, each in cells.items():
                    filled = cell_fields("value", each)
                    yield Line(
                        "trajectory", *one.configuration.name, step=step, view="pooled", criterion=name, metric=metric,
                        **filled,
                    )  # fmt: skip


def by_step(curves: Sequence[Curve], criterion: str = "mean", metric: str = SHOWN[0]) -> Table:
    """A row a configuration, a column a step."""
    steps = sorted({step for one in curves for step in one.values})
    rows = []
    for one in curves:
        found = one.cells(criterion, metric)
        texts = [cell(found[step]) if step in found else NONE for step in steps]
        rows.append([one.configuration.mode, one.configuration.gate, *texts])
    about = "mean over the criteria" if criterion == "mean" else criterion
    caption = f"{TITLES[metric]} of each step's judge on the test rows, {about}"
    return Table.of(caption, ["mode", "gate", *(f"step {step}" for step in steps)], rows)
