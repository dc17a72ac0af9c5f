"""The strongest baseline, named before the sealed rows are opened: by the development rows alone."""

from collections.abc import Sequence
from pathlib import Path

from metrics.metric import METRICS
from metrics.over_runs import mean_or_none, values_over_runs
from programs.confirming.panel import INITIAL
from programs.errors import UserError
from programs.optimizer.modes import parse_mode
from programs.studies.plan import Study
from programs.studies.results import Configuration, Result, configurations, results_of

METRIC = METRICS["spearman"]


def baselines(path: Path, study: Study, primary: str) -> dict[str, float | None]:
    """Initial, Single and GEPA arms -> mean Spearman of their kept judges on the development rows, over all seeds.

    None where a seed's is undefined. An arm is initial that takes no step.
    """
    found: dict[str, list[float | None]] = {}
    results = results_of(path, study)
    for run in results:
        if run.cell.name != primary and _is_baseline(run):
            value = run.summary["after"]["pooled"][METRIC.name]["mean"]["value"]
            found.setdefault(run.cell.name, []).append(value)
    values = {name: mean_or_none(each) for name, each in found.items() if len(each) == len(study.seeds)}
    return values if INITIAL in values else {**values, INITIAL: _initial(configurations(results))}


def strongest(values: dict[str, float | None]) -> str:
    """The arm with the highest value. Raises UserError where none has one."""
    known = {name: value for name, value in values.items() if value is not None}
    if not known:
        raise UserError("--against auto: no initial, Single or GEPA arm has a value: name the rival")
    return max(known, key=lambda name: known[name])


def _is_baseline(run: Result) -> bool:
    own = run.settings
    if own.optimizer == "gepa":
        return True
    plain = own.optimizer == "textgrad" and own.control == "none"
    return plain and (own.steps == 0 or parse_mode(own.mode).judge == "S")


def _initial(found: Sequence[Configuration]) -> float | None:
    known = [one.plain_initial for one in found if one.plain_initial is not None]
    return values_over_runs(known[0], [METRIC]).cells[METRIC.name]["mean"]["value"] if known else None
