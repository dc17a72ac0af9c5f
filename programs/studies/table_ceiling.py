"""How much agreement a task's raters allow, and what share of it each configuration's kept judges reach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metrics.ceiling import Cells, ceiling_over_runs
from metrics.over_runs import mean_or_none
from metrics.whole_levels import tie_ceilings
from programs.ceiling_tables import LIMITS, SHARES
from programs.reports.table import Table, number
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import cell
from programs.studies.results import KEPT, Configuration


@dataclass(frozen=True, eq=False)
class Share:
    """One configuration's cells by measure, of raters and kept judges, over its seeds."""

    configuration: Configuration
    cells: dict[str, Cells]

    def ties(self, name: str) -> float | None:
        """What ties alone allow on a criterion, or in the mean over all: the mean over the seeds."""
        return mean_or_none([tie_ceilings(scores)["spearman"][name] for scores in self.configuration.scores(KEPT)])


def shares(configurations: Sequence[Configuration]) -> list[Share]:
    """One a configuration; none where single raters are not known."""
    found = [Share(one, ceiling_over_runs(one.scores(KEPT))) for one in configurations]
    return [each for each in found if each.cells]


def limits_table(found: Sequence[Share]) -> Table:
    """By criterion, of the configuration with most rows: the raters are the same for all, the seeds may not be."""
    one = max(found, key=lambda each: each.cells["one_rater"]["mean"]["n"] or 0)
    cells = one.cells
    rows = [
        [
            name,
            *(cell(cells[measure][name]) for measure in LIMITS),
            number(one.ties(name)),
            str(cells["one_rater"][name]["n"]),
        ]
        for name in cells["one_rater"]
    ]
    header = ("criterion", *LIMITS.values(), "ties alone", "n")
    return Table.of("Noise ceiling: the Spearman that can be reached, means over the seeds", header, rows)


def shares_table(found: Sequence[Share]) -> Table:
    """By configuration, in the mean over criteria."""
    rows = [
        [
            each.configuration.mode,
            each.configuration.gate,
            *(cell(each.cells[measure]["mean"]) for measure in SHARES),
            str(each.cells["against_others"]["mean"]["n"]),
        ]
        for each in found
    ]
    caption = "Share of the ceiling that the kept judges reach: means over the criteria and seeds"
    return Table.of(caption, ("mode", "gate", *SHARES.values(), "n"), rows)


def lines(found: Sequence[Share]) -> Iterator[Line]:
    """Every number of every configuration, by criterion."""
    for each in found:
        for measure, cells in each.cells.items():
            what = "raters" if measure in LIMITS else "after"
            for name, one in cells.items():
                own = each.configuration.name
                yield Line("ceiling", *own, view="pooled", criterion=name, metric=measure, **cell_fields(what, one))
