"""A run's files as MLflow's parameters and metrics. What is undefined is left out: MLflow would draw it as a number.

Names are parted by `/`, by which MLflow's pages group them: `test/pooled/spearman/polite`, `calls/judge`. Agreement
says its rows, whether it is pooled or by document, and its metric; an interval is two metrics more, `.low` and
`.high`, and `.n` counts the rows, or the documents.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from programs.records.tally import SPENT
from programs.report_tables import SHOWN, cell_text
from programs.tasks.task import Task
from programs.tracking.place import masked

Values = dict[str, float]
Record = Mapping[str, Any]

MEAN = "mean"
ALL = "all"
"""Stands in a role's place for the sum over roles."""


def params_of(config: Record) -> dict[str, str]:
    """The settings that are set, the task, and what the numbers come from."""
    task = Task.from_dict(config["task"], "config.json")
    scales = [f"{each.name}:{each.low}-{each.high}" for each in task.criteria]
    made = {"data_hash": config.get("data"), "commit": config.get("commit")}
    made |= {f"version.{package}": version for package, version in (config.get("versions") or {}).items()}
    found = {**config["settings"], **made, "task": task.name, "criteria": ",".join(scales)}
    return {name: masked(str(value)) for name, value in found.items() if value is not None}


def gate_metric(config: Record) -> str:
    """The metric that gate and choice looked at."""
    gate = str(config["settings"]["gate"])
    return "spearman" if gate == "none" else gate


def step_values(record: Record, metric: str, spent: Mapping[str, int]) -> Values:
    """One line of steps.jsonl; `spent` are the sums of all lines up to it."""
    validation = _with_mean(record["validation"])
    tested = {name: _with_mean(record["scores"][name]) for name in _shown(metric)} if record["scores"] else {}
    heads = [(name, head["kept"]) for head in record["gate"] for name in head["group"]]
    return {
        **{f"validation/pooled/{metric}/{name}": value for name, value in validation.items()},
        **{f"test/pooled/{each}/{name}": value for each, found in tested.items() for name, value in found.items()},
        **{f"accepted/{name}": float(kept) for name, kept in heads},
        **({"refused/criteria": float(len(record["refused"]))} if heads else {}),
        **_costs(spent),
    }


def final_values(summary: Record, metric: str) -> Values:
    """What the run says in the end, with intervals; failures are those of its last session."""
    found: Values = {}
    for part in ("before", "after", "difference"):
        for view, names in (("pooled", _shown(metric)), ("by_document", SHOWN[:1])):
            for each in names:
                found |= dict(_cells(f"{part}/{view}/{each}", summary[part][view][each]))
        scored = summary[part]["coverage"].items()
        found |= {f"{part}/unscored/{name}": float(cell["unscored"]) for name, cell in scored}
    optimism = summary["optimism"]
    if optimism["validation_minus_test"] is not None:
        found[f"optimism/{optimism['metric']}"] = optimism["validation_minus_test"]
    return found | {f"failed_calls/{role}": float(tally["failed"]) for role, tally in summary["calls"].items()}


def whole_costs(costs: Mapping[str, Mapping[str, int]]) -> Values:
    """What was sent over all sessions, the tests and the rater too (`studies.cost.costs_of`)."""
    spent = {f"{role}_{name}": tally[f"sent_{name}"] for role, tally in costs.items() for name in SPENT}
    sums = {name: sum(tally[f"sent_{name}"] for tally in costs.values()) for name in SPENT}
    return {f"whole_run/{name}": value for name, value in _costs({**sums, **spent}).items()}


def description(summary: Record, metric: str) -> str:
    """Markdown for the head of the run's page: the table that a run ends with."""
    parts = [summary[part]["pooled"][metric] for part in ("before", "after", "difference")]
    lines = [
        f"{metric}, pooled over the test rows, with 95 % intervals\n",
        "| criterion | before | after | paired difference | rows | coverage |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in parts[0]:
        covered = summary["after"]["coverage"].get(name)
        coverage = f"{covered['scored']}/{covered['rows']}" if covered else ""
        cells = [name, *(cell_text(part[name]) for part in parts), str(parts[1][name]["n"]), coverage]
        lines.append("| " + " | ".join(cells) + " |")
    stopped = f"\n\nStopped early ({summary['stopped']})." if summary["stopped"] else ""
    return "\n".join(lines) + stopped


def _shown(metric: str) -> tuple[str, ...]:
    """The metrics that are logged: the screen's, and the gate's."""
    return tuple(dict.fromkeys((*SHOWN, metric)))


def _with_mean(values: Mapping[str, float | None]) -> Values:
    """The defined ones, and the mean over criteria where all are."""
    defined = {name: value for name, value in values.items() if value is not None}
    whole = bool(defined) and len(defined) == len(values)
    return {MEAN: sum(defined.values()) / len(defined), **defined} if whole else defined


def _cells(name: str, cells: Mapping[str, Record]) -> Iterator[tuple[str, float]]:
    for criterion, cell in cells.items():
        for suffix, key in (("", "value"), (".low", "low"), (".high", "high"), (".n", "n")):
            if cell["value"] is not None and cell[key] is not None:
                yield f"{name}/{criterion}{suffix}", float(cell[key])


def _costs(spent: Mapping[str, int]) -> Values:
    """`calls/judge` from `judge_calls`, `calls/all` from `calls`."""
    found: Values = {}
    for key, count in spent.items():
        name = next(each for each in SPENT if key.endswith(each))
        found[f"{name}/{key.removesuffix(name).rstrip('_') or ALL}"] = float(count)
    return found
