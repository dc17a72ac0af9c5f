"""What the study asked and paid for: calls and tokens by role."""

from collections.abc import Iterator, Sequence

from programs.reports.table import Table
from programs.studies.cost import Costs
from programs.studies.lines import Line
from programs.studies.results import Configuration, Result

HEADER = (
    "mode", "gate", "role", "calls asked", "calls sent", "prompt tokens asked", "prompt tokens sent",
    "completion tokens asked", "completion tokens sent",
)  # fmt: skip
ORDER = tuple(
    f"{kind}_{name}" for name in ("calls", "prompt_tokens", "completion_tokens") for kind in ("asked", "sent")
)


def lines(results: Sequence[Result]) -> Iterator[Line]:
    """One line a cell, role and count."""
    for result in results:
        own = result.cell
        for role, counts in result.costs.items():
            for name, value in counts.items():
                yield Line("costs", **own.fields, what=f"{role}_{name}", value=value)


def in_all(configurations: Sequence[Configuration]) -> Table:
    """By role, summed over all cells."""
    every = summed([run.costs for one in configurations for run in one.results])
    return Table.of(
        "Calls and tokens of all cells", HEADER, [["all", "", role, *_texts(each)] for role, each in every.items()]
    )


def by_role(configurations: Sequence[Configuration]) -> Table:
    """By configuration and role, summed over the seeds."""
    rows = [
        [one.mode, one.gate, role, *_texts(counts)]
        for one in configurations
        for role, counts in summed([run.costs for run in one.results]).items()
    ]
    return Table.of("Calls and tokens by configuration and role, over the seeds", HEADER, rows)


def summed(costs: Sequence[Costs]) -> Costs:
    """The counts of several cells, by role."""
    total: Costs = {}
    for each in costs:
        for role, counts in each.items():
            own = total.setdefault(role, dict.fromkeys(ORDER, 0))
            for name in ORDER:
                own[name] += counts[name]
    return total


def _texts(counts: dict[str, int]) -> list[str]:
    return [f"{counts[name]:,}" for name in ORDER]
