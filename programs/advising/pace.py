"""What a pilot's calls took: tokens of a judge call, seconds of a call, calls of a whole run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from programs.advising.pilot import Pace, Spent
from programs.records.folder import RunFolder, read_json
from programs.records.tally import ROLES
from programs.settings import Settings
from programs.studies.cells import cell_folder
from programs.studies.cost import Costs, costs_of
from programs.studies.results import Result

KINDS = ("calls", "prompt_tokens", "completion_tokens")

PAID = tuple(role for role in ROLES if role != "rater")
"""The roles that a run needs: the rater only watches."""


def run_pace(folder: RunFolder) -> Pace:
    """The pace of a run, from its config, calls and timing, as far as they are there."""
    settings = read_json(folder.config).get("settings", {}) if folder.config.is_file() else {}
    file, summary = folder.path / "cost.json", read_json(folder.summary)
    costs = read_json(file) if file.is_file() else costs_of(folder.calls) if folder.calls.is_file() else {}
    heads = len(summary.get("kept", ())) or 1
    return _pace([costs], [folder], settings, heads)


def study_pace(path: Path, results: Sequence[Result]) -> Pace:
    """The mean pace of a study's cells of one task; the heads are those of its joint judges, where it has any."""
    settings = read_json(path / "study.json")["study"].get("settings", {})
    chosen = [each for each in results if each.joint] or results
    heads = len(chosen[0].summary["kept"])
    folders = [cell_folder(path, each.cell) for each in chosen]
    return _pace([each.costs for each in chosen], folders, settings, heads)


def evaluation_pace(found: Mapping[str, Any]) -> Pace:
    """Calls a row, and the mean tokens of the calls that an evaluation sent; it knows no LM's name and no seconds."""
    spent = found.get("calls", {}).get("judge", {})
    call = Spent(*(float(spent[name]) for name in KINDS)).times(1 / spent["calls"]) if spent.get("calls") else None
    return Pace(heads=int(found.get("calls_per_row", 1)), call=call)


def _pace(costs: Sequence[Costs], folders: Sequence[RunFolder], settings: Mapping[str, Any], heads: int) -> Pace:
    known = [each for each in costs if each.get("judge", {}).get("asked_calls")]
    judge, whole = (_spent(known, roles) for roles in (("judge",), PAID))
    call = judge.times(1 / judge.calls) if known else None
    run = whole.times(1 / len(known)) if known else None
    lm = settings.get("judge_lm") or settings.get("lm") or (Settings.lm if settings else None)
    return Pace(lm, settings.get("judge_api_base") or settings.get("api_base"), heads, call, run, _seconds(folders))


def _spent(costs: Sequence[Costs], roles: Sequence[str]) -> Spent:
    found = [cost[role] for cost in costs for role in roles if role in cost]
    return Spent(*(float(sum(each[f"asked_{name}"] for each in found)) for name in KINDS))


def _seconds(folders: Sequence[RunFolder]) -> float | None:
    """Seconds of the last sessions per call that they sent, of all roles, as many in flight as then."""
    timings = [read_json(folder.timing) for folder in folders if folder.timing.is_file()]
    calls = sum(tally["calls"] for timing in timings for tally in timing["calls"].values())
    return sum(timing["seconds"] for timing in timings) / calls if calls else None
