"""The strongest baseline, named before the sealed rows are opened: by the development rows alone."""

from collections.abc import Sequence
from pathlib import Path

from metrics.metric import METRICS
from metrics.over_runs import mean_or_none, values_over_runs
from programs.confirming.panel import arms_of, require_arms
from programs.confirming.reference import INITIAL, reference_of, settings_of
from programs.errors import UserError
from programs.optimizer.modes import parse_mode
from programs.studies.initial import standard_of
from programs.studies.plan import Study
from programs.studies.results import Configuration, Result, configurations, results_of

METRIC = METRICS["spearman"]


def baselines(path: Path, study: Study, primary: str) -> dict[str, float | None]:
    """Initial, Single and GEPA arms -> mean Spearman of their kept judges on the development rows, over all seeds.

    None where a seed's is undefined. An arm is initial that takes no step. Those read as the primary arm is come first,
    so that of equal ones they are the strongest. The initial prompt that is no arm is among them where no arm stands
    for it.
    """
    cells = arms_of(path, study)
    require_arms([primary], cells)
    results = results_of(path, study)
    own = standard_of(settings_of(study, cells, primary))
    found: dict[str, list[float | None]] = {}
    for run in sorted(results, key=lambda run: standard_of(run.settings) != own):
        if run.cell.name != primary and _is_baseline(run):
            value = run.summary["after"]["pooled"][METRIC.name]["mean"]["value"]
            found.setdefault(run.cell.name, []).append(value)
    values = {name: mean_or_none(each) for name, each in found.items() if len(each) == len(study.seeds)}
    if primary == INITIAL or reference_of(path, study, cells, primary).arm in cells:
        return values
    return {**values, INITIAL: _initial(configurations(results), primary)}


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


def _initial(found: Sequence[Configuration], primary: str) -> float | None:
    """Of the joint initial prompt read as the primary arm is: calibration changes no order, or makes ties only."""
    known = next((one.initial for one in found if one.results[0].cell.name == primary), None)
    return values_over_runs(known, [METRIC]).cells[METRIC.name]["mean"]["value"] if known else None
