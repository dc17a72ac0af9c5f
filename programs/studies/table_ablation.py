"""The yardstick of an ablation as tables: a row an arm (see `yardstick.py`)."""

from collections.abc import Iterator

from metrics.detectable import detectable
from metrics.over_runs import OverRuns
from programs.reports.table import Table
from programs.studies.lines import Line, cell_fields
from programs.studies.markdown import NONE, cell, number
from programs.studies.resampled import SHOWN
from programs.studies.yardstick import Ablation, Arm

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


def _ratio(value: float | None, of: float | None) -> float | None:
    return None if value is None or not of else value / of


def _whole(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"
