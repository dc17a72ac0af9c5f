"""The multi-objective view: non-dominated steps, hypervolume by step, and which steps ever beat the initial prompt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metrics.detectable import detectable
from metrics.hypervolume import REFERENCE, Vector, hypervolume, non_dominated
from metrics.metric import METRICS
from metrics.over_runs import mean_or_none
from metrics.summary import Cell
from programs.reports.agreement import TITLES
from programs.reports.table import Table
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import NONE, cell, number
from programs.studies.resampled import difference
from programs.studies.results import Configuration


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One configuration by step: the mean vectors over seeds by metric, and the paired difference with the joint
    initial judge (mean Spearman; None where that judge is not known)."""

    configuration: Configuration
    steps: Sequence[int]
    vectors: dict[str, list[Vector]]
    against_initial: Sequence[Cell] | None

    def so_far(self, metric: str) -> list[float | None]:
        """The hypervolume of the steps up to each: it cannot fall."""
        found = self.vectors[metric]
        return [hypervolume(found[: place + 1], REFERENCE[metric]) for place in range(len(found))]

    def alone(self, metric: str) -> list[float | None]:
        """The hypervolume of each step's vector by itself."""
        return [hypervolume([vector], REFERENCE[metric]) for vector in self.vectors[metric]]

    def beats(self) -> tuple[list[int], list[int]] | None:
        """The steps after the start that beat the joint initial judge: by the value, and with the whole interval."""
        if self.against_initial is None:
            return None
        later = [(step, found) for step, found in zip(self.steps, self.against_initial, strict=True) if step > 0]
        by_value = [step for step, found in later if found["value"] is not None and found["value"] > 0]
        return by_value, [step for step, found in later if found["low"] is not None and found["low"] > 0]


def trajectory(configuration: Configuration) -> Trajectory:
    """Everything that the table needs of one configuration."""
    steps = configuration.steps
    return Trajectory(
        configuration,
        steps,
        {metric: [_vector(configuration, step, metric) for step in steps] for metric in REFERENCE},
        _against_initial(configuration, steps),
    )


def lines(trajectories: Sequence[Trajectory]) -> Iterator[Line]:
    """By step: both hypervolumes, whether it is non-dominated (1 or 0), and the difference with the initial judge."""
    for one in trajectories:
        name = one.configuration.name
        for metric in REFERENCE:
            undominated = [None if each is None else float(each) for each in non_dominated(one.vectors[metric])]
            for what, values in (
                ("hypervolume", one.alone(metric)),
                ("hypervolume_so_far", one.so_far(metric)),
                ("non_dominated", undominated),
            ):
                for step, value in zip(one.steps, values, strict=True):
                    yield Line("objectives", *name, step=step, what=what, metric=metric, value=value)
        for step, found in zip(one.steps, one.against_initial or (), strict=bool(one.against_initial)):
            filled = cell_fields("against_initial", found)
            yield Line("trajectory", *name, step=step, criterion="mean", metric="spearman", **filled)


def hypervolumes(trajectories: Sequence[Trajectory], metric: str) -> Table:
    """Non-dominated steps, and the hypervolume of the steps so far."""
    last = max(trajectories, key=lambda one: len(one.steps)).steps
    header = ["mode", "gate", "non-dominated steps", *(f"to step {step}" for step in last)]
    rows = []
    for one in trajectories:
        front = [step for step, kept in zip(one.steps, non_dominated(one.vectors[metric]), strict=True) if kept]
        found = dict(zip(one.steps, one.so_far(metric), strict=True))
        volumes = [number(found[step]) if step in found else NONE for step in last]
        rows.append([one.configuration.mode, one.configuration.gate, _listed(front), *volumes])
    caption = f"{TITLES[metric]}: hypervolume of the steps so far (reference {REFERENCE[metric]:g})"
    return Table.of(caption, header, rows)


def ever_better(trajectories: Sequence[Trajectory]) -> Table:
    """Which steps beat the joint initial judge, the best of them with its interval, and the last."""
    header = [
        "mode", "gate", "steps above it", "with the whole interval", "best step (chosen on these rows)", "last step",
        "detectable at the last",
    ]  # fmt: skip
    caption = "Mean Spearman of each step's judge minus the joint initial prompt's, on the same test rows"
    return Table.of(caption, header, [_better_row(one) for one in trajectories])


def count(trajectories: Sequence[Trajectory]) -> str:
    """The paper's count ("6 of 10 configurations never beat the initial prompt"), ours, in a sentence."""
    known = [found for one in trajectories if (found := one.beats()) is not None]
    never = sum(not by_value for by_value, _ in known)
    surely = sum(bool(with_interval) for _, with_interval in known)
    return (
        f"{never} of {len(known)} configurations never beat the joint initial prompt at any step; {surely} do at some "
        "step with their whole interval."
    )


def _better_row(one: Trajectory) -> list[str]:
    own, found, beaten = one.configuration, one.against_initial, one.beats()
    if found is None or beaten is None:
        return [own.mode, own.gate, *[NONE] * 5]
    later = [(step, each) for step, each in zip(one.steps, found, strict=True) if step > 0]
    best = max(later, key=lambda pair: _or_least(pair[1]["value"]), default=None)
    smallest = detectable(found[-1])
    return [
        own.mode,
        own.gate,
        *map(_listed, beaten),
        NONE if best is None else f"{best[0]}: {cell(best[1])}",
        f"{one.steps[-1]}: {cell(found[-1])}",
        NONE if smallest is None else number(smallest),
    ]


def _or_least(value: float | int | None) -> float:
    return float("-inf") if value is None else value


def _vector(configuration: Configuration, step: int, metric: str) -> Vector:
    """The metric of each criterion, averaged over the seeds; None where it is undefined in one."""
    runs = configuration.scores(step)
    found = [[METRICS[metric](run.judge[:, k], run.human[:, k]) for run in runs] for k in range(len(runs[0].names))]
    return [mean_or_none(values) for values in found]


def _against_initial(configuration: Configuration, steps: Sequence[int]) -> list[Cell] | None:
    initial = configuration.initial
    if initial is None:
        return None
    found = [difference(list(zip(initial, configuration.scores(step), strict=True))) for step in steps]
    return [each.cells["spearman"]["mean"] for each in found]


def _listed(steps: Sequence[int]) -> str:
    return ", ".join(map(str, steps)) or "none"
