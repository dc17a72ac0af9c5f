"""What a study's results say of one task: every number once, for tables.md, tables.csv and the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from metrics.over_runs import OverRuns
from programs.studies import (
    table_ablation,
    table_ceiling,
    table_costs,
    table_dilution,
    table_interference,
    table_lengths,
    table_objectives,
    table_one,
    table_trajectories,
    yardstick,
)
from programs.studies.lines import Line
from programs.studies.results import Configuration, Result, configurations


@dataclass(frozen=True, eq=False)
class Comparison:
    """One task's finished cells, and the experiments of interference.json. Numbers are computed once, when asked."""

    task: str
    results: Sequence[Result]
    configurations: Sequence[Configuration]
    interference: Sequence[table_interference.Record] = ()
    equal_calls: str = ""

    @property
    def criteria(self) -> tuple[str, ...]:
        return self.results[0].tested.scores("kept").names

    @cached_property
    def stepwise(self) -> list[Configuration]:
        """Those whose runs have the steps of a mode: what is told by step is told of them."""
        return [one for one in self.configurations if one.stepwise]

    @property
    def plain(self) -> list[Result]:
        """The cells that are modes of the paper, without peers and controls."""
        return [result for result in self.results if result.cell.plain]

    @property
    def arms(self) -> list[Configuration]:
        """The named arms of the study, without its modes."""
        return [one for one in self.configurations if one.results[0].cell.arm]

    @property
    def gates(self) -> list[str]:
        return list(dict.fromkeys(one.gate for one in self.configurations))

    @property
    def modes(self) -> list[str]:
        return list(dict.fromkeys(one.mode for one in self.configurations))

    @cached_property
    def compared(self) -> list[table_one.Compared]:
        return [table_one.compare(one) for one in self.configurations]

    @cached_property
    def baselines(self) -> dict[str, OverRuns]:
        """The joint initial prompt over all seeds, by how its scores are read."""
        return table_one.baselines(self.configurations, self.task)

    @property
    def initial(self) -> OverRuns | None:
        """The joint initial prompt as the first configuration reads it."""
        return next(iter(self.baselines.values()), None)

    @cached_property
    def ablation(self) -> yardstick.Ablation:
        """All configurations on one yardstick."""
        return yardstick.ablation(self.compared, self.equal_calls)

    @cached_property
    def ceiling(self) -> list[table_ceiling.Share]:
        return table_ceiling.shares(self.configurations)

    @cached_property
    def trajectories(self) -> list[table_objectives.Trajectory]:
        return [table_objectives.trajectory(one) for one in self.stepwise]

    @cached_property
    def curves(self) -> list[table_trajectories.Curve]:
        return [table_trajectories.curve(one) for one in self.stepwise]

    @cached_property
    def lengths(self) -> list[Line]:
        return list(table_lengths.lines([run for one in self.stepwise for run in one.results]))

    @cached_property
    def dilution(self) -> list[table_dilution.Dilution]:
        """One entry a rater; none where no feedback has been rated."""
        return table_dilution.dilution(self.task, self.configurations)

    def lines(self) -> Iterator[Line]:
        """All of tables.csv that is about the task."""
        yield from table_one.cell_lines(self.results)
        yield from table_one.lines(self.compared)
        yield from table_ceiling.lines(self.ceiling)
        yield from table_trajectories.lines(self.curves)
        yield from table_interference.lines(self.interference)
        yield from self.lengths
        yield from table_lengths.correlation_lines(self.task, self.plain)
        yield from table_objectives.lines(self.trajectories)
        yield from table_dilution.lines(self.dilution)
        yield from table_costs.lines(self.results)
        if self.arms:
            yield from table_ablation.lines(self.ablation)


def comparisons(
    results: Sequence[Result], measured: Sequence[table_interference.Record] = (), equal_calls: str = ""
) -> list[Comparison]:
    """One a task, in the order of the results; `equal_calls` is the arm whose calls are the measure of the others'."""
    found = configurations(results)
    return [
        Comparison(
            task,
            [result for result in results if result.cell.task_name == task],
            [one for one in found if one.task == task],
            [one for one in measured if one["task"] == task],
            equal_calls,
        )
        for task in dict.fromkeys(one.task for one in found)
    ]
