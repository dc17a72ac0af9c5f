"""The yardstick of an ablation: what each arm is worth over two baselines, and what it costs, a row an arm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from metrics.detectable import detectable
from metrics.metric import METRICS
from metrics.over_runs import OverRuns, difference_over_runs
from programs.reports.table import Table
from programs.studies.initial import PLAIN, is_baseline
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import NONE, cell, number
from programs.studies.results import KEPT, Configuration, Result
from programs.studies.table_one import SHOWN, Compared

AGREEMENT = (
    "arm", "gate", "seeds", "Spearman", "mean absolute error", "minus initial, read alike", "detectable",
    "spread over seeds", "minus plain initial", "detectable", "spread over seeds",
)  # fmt: skip
COSTS = (
    "arm", "steps", "search calls a seed", "of reference", "judge calls a row", "prompt tokens a row",
    "evaluated tokens a row", "of joint prompt", "seconds a seed", "calls by role", "remedies did",
)  # fmt: skip
ABOVE = 1.0
"""More than this share of the reference's calls is marked."""


@dataclass(frozen=True, eq=False)
class Arm:
    """One configuration over its seeds, as a row of both tables; `compared` is its line of Table 1."""

    compared: Compared

    @property
    def configuration(self) -> Configuration:
        return self.compared.configuration

    @property
    def values(self) -> OverRuns:
        return self.compared.after

    @property
    def against_initial(self) -> OverRuns | None:
        """The kept judges minus the joint initial one that is read as they are."""
        return self.compared.against_initial

    @cached_property
    def against_plain(self) -> OverRuns | None:
        """The kept judges minus the plain joint initial one."""
        own, plain = self.configuration, self.configuration.plain_initial
        if plain is None or own.standard == PLAIN:
            return None if plain is None else self.against_initial
        pairs = list(zip(plain, own.scores(KEPT), strict=True))
        return difference_over_runs(pairs, [METRICS[name] for name in SHOWN])

    @property
    def search_calls(self) -> float | None:
        """Distinct requests a seed that were no scoring of test rows and no rating; None where a count is missing."""
        return _mean([_searched(run) for run in self.configuration.results])

    @property
    def asked(self) -> dict[str, float]:
        """Distinct requests a seed, by role."""
        runs = self.configuration.results
        roles = dict.fromkeys(role for run in runs for role in run.costs)
        return {role: sum(run.costs.get(role, {}).get("asked_calls", 0) for run in runs) / len(runs) for role in roles}

    def a_row(self, name: str) -> float | None:
        """What the kept judge took a test row: `calls`, `prompt_tokens`, or `evaluated_tokens`."""
        return _mean([took(run, KEPT, name) for run in self.configuration.results])

    @property
    def seconds(self) -> float | None:
        timings = [run.timing for run in self.configuration.results]
        return _mean([each.get("seconds_in_all", each.get("seconds")) for each in timings])

    @property
    def fired(self) -> dict[str, float]:
        """What the remedies count of themselves, a seed: `router.fired`."""
        found: dict[str, float] = {}
        for run in self.configuration.results:
            for remedy, counts in run.summary.get("remedies", {}).items():
                for name, count in counts.items():
                    key = f"{remedy}.{name}"
                    found[key] = found.get(key, 0) + count / len(self.configuration.results)
        return found

    @property
    def steps(self) -> str:
        """As they were done: an arm's budget may have decided."""
        taken = sorted({max(run.gates, default=0) for run in self.configuration.results})
        return ", ".join(map(str, taken))


@dataclass(frozen=True, eq=False)
class Ablation:
    """All arms of a task; `reference` is the one whose calls are 1.0, `joint` the evaluated tokens a row of the joint
    initial prompt."""

    arms: Sequence[Arm]
    reference: Arm | None
    joint: float | None


def ablation(compared: Sequence[Compared], equal_calls: str) -> Ablation:
    """The reference is the arm of --equal-calls, else the first that searches by textual gradients."""
    arms = [Arm(one) for one in compared]
    searching = [arm for arm in arms if arm.search_calls and arm.configuration.results[0].settings.critical]
    named = [arm for arm in arms if arm.configuration.mode == equal_calls]
    plain = [run for arm in arms for run in arm.configuration.results if is_baseline(run)]
    joint = [took(run, "initial", "evaluated_tokens") for run in plain]
    known = [tokens for tokens in joint if tokens is not None]
    return Ablation(arms, next(iter([*named, *searching]), None), sum(known) / len(known) if known else None)


def took(run: Result, judge: str, name: str) -> float | None:
    """Calls or tokens a test row of a run's `initial` or `kept` judge; None where its timing.json does not say."""
    found = run.timing.get("judges", {}).get(judge)
    if not found or not run.tested.rows:
        return None
    counts = {**found, "evaluated_tokens": found["prompt_tokens"] - found["cached_prompt_tokens"]}
    return float(counts[name]) / len(run.tested.rows)


def agreement_table(found: Ablation) -> Table:
    rows = [
        [
            arm.configuration.mode,
            arm.configuration.gate,
            str(len(arm.configuration.results)),
            *(cell(arm.values.cells[metric]["mean"]) for metric in SHOWN),
            *_difference(arm.against_initial),
            *_difference(arm.against_plain),
        ]
        for arm in found.arms
    ]
    return Table.of("Ablation: means over the criteria, and Spearman over the initial prompt", AGREEMENT, rows)


def costs_table(found: Ablation) -> Table:
    return Table.of("Ablation: what each arm costs", COSTS, [_costs(arm, found) for arm in found.arms])


def lines(found: Ablation) -> Iterator[Line]:
    """Differences from the plain initial prompt, and costs; all else is in table1 and costs."""
    for arm in found.arms:
        name = arm.configuration.name
        if (plain := arm.against_plain) is not None:
            for metric, cells in plain.cells.items():
                for criterion, each in cells.items():
                    own = {**cell_fields("against_plain", each), "detectable": detectable(each)}
                    spread = plain.spread(metric, criterion)
                    yield Line(
                        "ablation", *name, view="pooled", criterion=criterion, metric=metric, spread=spread, **own
                    )
        for what, value in _numbers(arm, found).items():
            if value is not None:
                yield Line("ablation", *name, what=what, value=value)


def _numbers(arm: Arm, found: Ablation) -> dict[str, float | None]:
    reference = found.reference.search_calls if found.reference is not None else None
    evaluated = arm.a_row("evaluated_tokens")
    return {
        "search_calls": arm.search_calls,
        "of_reference": _ratio(arm.search_calls, reference),
        "judge_calls_a_row": arm.a_row("calls"),
        "prompt_tokens_a_row": arm.a_row("prompt_tokens"),
        "evaluated_tokens_a_row": evaluated,
        "of_joint_prompt": _ratio(evaluated, found.joint),
        "seconds": arm.seconds,
        **arm.fired,
    }


def _costs(arm: Arm, found: Ablation) -> list[str]:
    numbers = _numbers(arm, found)
    share = numbers["of_reference"]
    above = " (above)" if share is not None and share > ABOVE and arm is not found.reference else ""
    return [
        arm.configuration.mode,
        arm.steps,
        _whole(numbers["search_calls"]),
        NONE if share is None else f"{share:.2f}{above}",
        *(NONE if (one := numbers[key]) is None else f"{one:.1f}" for key in ("judge_calls_a_row", *TOKENS)),
        NONE if (ratio := numbers["of_joint_prompt"]) is None else f"{ratio:.2f}",
        _whole(numbers["seconds"]),
        ", ".join(f"{role} {count:,.0f}" for role, count in arm.asked.items()) or NONE,
        ", ".join(f"{name} {number(value, 1)}" for name, value in arm.fired.items()) or NONE,
    ]


TOKENS = ("prompt_tokens_a_row", "evaluated_tokens_a_row")


def _difference(part: OverRuns | None) -> list[str]:
    if part is None:
        return [NONE] * 3
    found, spread = part.cells[SHOWN[0]]["mean"], part.spread(SHOWN[0])
    smallest = detectable(found)
    return [cell(found), *(NONE if each is None else number(each) for each in (smallest, spread))]


def _searched(run: Result) -> float | None:
    if not run.costs or "tested" not in run.timing:
        return None
    asked = sum(counts["asked_calls"] for role, counts in run.costs.items() if role != "rater")
    return float(asked - run.timing["tested"])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def _ratio(value: float | None, of: float | None) -> float | None:
    return None if value is None or not of else value / of


def _whole(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"
