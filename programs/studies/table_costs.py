"""What the study asked and paid for: calls and tokens by role."""

from collections.abc import Iterator, Sequence

from programs.studies.cost import Costs
from programs.studies.lines import Line
from programs.studies.markdown import table
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


def markdown(configurations: Sequence[Configuration]) -> str:
    """By configuration and role, summed over the seeds, with the sum of all at the end."""
    rows = []
    every: list[Costs] = []
    for one in configurations:
        found = [run.costs for run in one.results]
        every += found
        rows += [[one.mode, one.gate, role, *_texts(counts)] for role, counts in _sum(found).items()]
    rows += [["all", "", role, *_texts(counts)] for role, counts in _sum(every).items()]
    return table(HEADER, rows)


def _sum(costs: Sequence[Costs]) -> Costs:
    total: Costs = {}
    for each in costs:
        for role, counts in each.items():
            own = total.setdefault(role, dict.fromkeys(ORDER, 0))
            for name in ORDER:
                own[name] += counts[name]
    return total


def _texts(counts: dict[str, int]) -> list[str]:
    return [f"{counts[name]:,}" for name in ORDER]
