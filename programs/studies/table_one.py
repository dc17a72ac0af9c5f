"""Table 1: agreement before and after by mode and gate, their paired difference, and the joint initial prompt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from metrics.detectable import detectable
from metrics.over_runs import OverRuns
from metrics.scores import Scores
from programs.reports.agreement import TITLES
from programs.reports.table import Table
from programs.studies.initial import standard_words
from programs.studies.lines import Line, cell_fields, covered
from programs.studies.markdown import NONE, cell, number
from programs.studies.resampled import difference, values
from programs.studies.results import KEPT, Configuration, Result

HEADER = (
    "mode", "gate", "seeds", "before", "after", "paired difference", "detectable", "spread over seeds",
    "after minus joint initial", "detectable", "spread over seeds", "n", "coverage",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Compared:
    """One configuration over its seeds. `against_initial` is None where the joint initial judge is not known."""

    configuration: Configuration
    before: OverRuns
    after: OverRuns
    difference: OverRuns
    against_initial: OverRuns | None

    @property
    def parts(self) -> dict[str, OverRuns]:
        found = {"before": self.before, "after": self.after, "difference": self.difference}
        return found if self.against_initial is None else {**found, "against_initial": self.against_initial}


def compare(configuration: Configuration) -> Compared:
    """The kept judges of a configuration against their own initial judges and against the joint one."""
    before, after, initial = configuration.scores(0), configuration.scores(KEPT), configuration.initial
    own = difference(list(zip(before, after, strict=True)))
    against = None if initial is None else difference(list(zip(initial, after, strict=True)))
    return Compared(configuration, values(before), values(after), own, against)


def baselines(configurations: Sequence[Configuration], task: str) -> dict[str, OverRuns]:
    """The joint initial judge over all seeds of a task, by how its scores are read (`joint initial prompt`, ...)."""
    found: dict[str, dict[int, Scores]] = {}
    for configuration in configurations:
        if configuration.task == task and configuration.initial is not None:
            own = found.setdefault(standard_words(configuration.standard), {})
            for run, initial in zip(configuration.results, configuration.initial, strict=True):
                own.setdefault(run.cell.seed, initial)
    return {name: values([own[seed] for seed in sorted(own)]) for name, own in found.items()}


def lines(compared: Sequence[Compared]) -> Iterator[Line]:
    """The means over seeds, by criterion."""
    for one in compared:
        for what, part in one.parts.items():
            for metric, cells in part.cells.items():
                for name, found in cells.items():
                    filled = cell_fields(what, found)
                    spread = part.spread(metric, name)
                    yield Line(
                        "table1", *one.configuration.name, view="pooled", criterion=name, metric=metric,
                        spread=spread, **filled,
                    )  # fmt: skip


def cell_lines(results: Sequence[Result]) -> Iterator[Line]:
    """Every number of every cell's summary: one line a cell, criterion and metric."""
    for result in results:
        own = result.cell
        for what in ("before", "after", "difference"):
            found = result.summary[what]
            for view in ("pooled", "by_document"):
                for metric, cells in found[view].items():
                    for name, one in cells.items():
                        yield Line(
                            "cells", **own.fields, view=view, criterion=name,
                            metric=metric, **cell_fields(what, one), **covered(found["coverage"], name),
                        )  # fmt: skip


def by_configuration(compared: Sequence[Compared], initial: Mapping[str, OverRuns], metric: str) -> Table:
    """One task's Table 1 for one metric: means over the criteria and seeds. `initial` are the `baselines`."""
    first = []
    for name, each in initial.items():
        found = each.cells[metric]["mean"]
        first.append([name, NONE, str(len(each.by_run)), cell(found), *[NONE] * 7, str(found["n"]), NONE])
    rows = [*first, *(_row(one, metric) for one in compared)]
    return Table.of(f"Table 1, {TITLES[metric]}: means over the criteria and seeds", HEADER, rows)


def _row(one: Compared, metric: str) -> list[str]:
    own, against = one.configuration, one.against_initial
    return [
        own.mode,
        own.gate,
        str(len(own.results)),
        cell(one.before.cells[metric]["mean"]),
        cell(one.after.cells[metric]["mean"]),
        *_difference(one.difference, metric),
        *(_difference(against, metric) if against is not None else [NONE] * 3),
        str(one.after.cells[metric]["mean"]["n"]),
        _coverage(own),
    ]


def _difference(part: OverRuns, metric: str) -> list[str]:
    found, spread = part.cells[metric]["mean"], part.spread(metric)
    smallest = detectable(found)
    return [cell(found), NONE if smallest is None else number(smallest), NONE if spread is None else number(spread)]


def _coverage(configuration: Configuration) -> str:
    scored = [scores.scored for scores in configuration.scores(KEPT)]
    return f"{sum(int(each.sum()) for each in scored)}/{sum(each.size for each in scored)}"
