"""A session of `optimize.py`: from flags to a run's folder, and what the person reads before and after."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import dspy

from programs.applying.fitting import fit_run
from programs.ceiling_tables import show_ceiling
from programs.diagnostics.diagnosis import read_diagnosis
from programs.diagnostics.show import show_diagnosis
from programs.errors import CannotWrite, UserError
from programs.optimizer.cast import check_run_lms
from programs.optimizer.forecast import forecast, forecast_words, spent_words
from programs.optimizer.heads import settled
from programs.optimizer.measured_clusters import clusters_line
from programs.optimizer.methods import method_name, most_calls
from programs.optimizer.run import Material, optimize
from programs.optimizer.saved import load_judge
from programs.optimizer.settling import drawn, fitted, normal, refuse_impossible, settled_task
from programs.records.folder import RunFolder, read_json, write_json
from programs.records.provenance import provenance
from programs.report_tables import show_calls, show_failures, show_summary
from programs.screen import Screen
from programs.scrutiny.screen import show_scrutiny
from programs.settings import Settings, resolve
from programs.stored import resumed
from programs.tasks.loading import load_rows
from programs.tasks.markers import count_markers, marker_words
from programs.tasks.sealed import half_of
from programs.tasks.splits import data_hash
from programs.tasks.task import Task
from programs.tracking.following import followed
from programs.tracking.run import TrackedRun
from programs.tracking.session import Wish, send
from programs.tracking.store import Store


def optimize_from_flags(given: Mapping[str, Any]) -> int:
    """Starts a new run, or continues the one named by `--resume`. Returns the exit code."""
    flags = dict(given)
    runs, name, resume = Path(flags.pop("runs_dir", "runs")), flags.pop("run", None), flags.pop("resume", None)
    wish = Wish.of(flags)
    if resume is not None:
        if name is not None:
            raise UserError("--run names a new run and --resume an old one: give one of them")
        return _resume(RunFolder.find(runs, resume), flags, wish)
    return _start(runs, name, flags, wish)


def _start(runs: Path, name: str | None, flags: Mapping[str, Any], wish: Wish) -> int:
    settings = resolve(normal(flags))
    refuse_impossible(settings)
    task = settled_task(settings)
    settings = replace(settings, judge=settled(settings.judge, task.criterion_names))
    rows = load_rows(task, settings.data)
    settings = fitted(settings, flags, half_of(rows, task, settings.half))
    material = Material(task, drawn(settings, task, rows))
    most_calls(settings, task, material.splits)  # refuses what cannot work before a folder is made
    check_run_lms(settings)
    store = wish.store(task.name)
    now = f"{datetime.now():%Y%m%d-%H%M%S}"
    parts = (task.name, *settings.words, settings.seed, now)
    folder = RunFolder.create(runs, name if name is not None else "-".join(map(str, parts)))
    with folder:
        if folder.config.exists():
            raise UserError(
                f"the run '{folder.path.name}' was begun by another process: use --resume, or another --run"
            )
        own = {"data": data_hash(rows), "markers": count_markers(task, rows)}
        write_json(folder.config, {"settings": asdict(settings), "task": task.to_dict(), **own, **provenance()})
        return _run(settings, material, folder, store)


def _resume(folder: RunFolder, flags: Mapping[str, Any], wish: Wish) -> int:
    settings, task, data = _stored(folder, flags)
    if folder.finished:
        store = wish.store(task.name, folder.path) if wish.uri is not None else None
        _complete(folder, settings, task, data, Screen())
        _show(read_json(folder.summary), folder, Screen())
        if store is not None:
            send(store, [TrackedRun(folder)], Screen())
        return 0
    store = wish.store(task.name, folder.path)
    with folder:
        return _run(settings, _material(folder, settings, task, data), folder, store)


def _material(folder: RunFolder, settings: Settings, task: Task, data: str) -> Material:
    """The rows that the run began with. Raises UserError where they are not as they were."""
    rows = load_rows(task, settings.data)
    if data_hash(rows) != data:
        raise UserError(f"the data of {folder.path} have changed since it began: restore them, or start a new run")
    return Material(task, drawn(settings, task, rows))


def _complete(folder: RunFolder, settings: Settings, task: Task, data: str, screen: Screen) -> None:
    """What is made of a run that has ended, where it was killed before that. The run is whole without it."""
    try:
        reads_tokens = load_judge(folder.judge).reads_tokens
        if folder.report.exists() and (folder.confidence.exists() or not reads_tokens):
            return
        with folder:
            material = _material(folder, settings, task, data)
            _report(folder, material, screen)
            if reads_tokens:
                fit_run(folder, settings, material)
    except UserError as error:
        screen.say(f"not made: what is missing of the run's report and confidences ({error})")


def _stored(folder: RunFolder, flags: Mapping[str, Any]) -> tuple[Settings, Task, str]:
    """What the run's config.json says, with the changeable flags given anew. Raises UserError where it is damaged."""
    config = read_json(folder.config)
    try:
        settings = resumed(config["settings"], normal(flags))
        _check(settings, folder.config)
        return settings, Task.from_dict(config["task"], str(folder.config)), str(config["data"])
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder.config} is damaged ({error}): restore it, or start a new run") from None


def _check(settings: Settings, config: Path) -> None:
    try:
        refuse_impossible(settings)
    except UserError as error:
        raise UserError(f"{config}: {error}") from None


def _run(settings: Settings, material: Material, folder: RunFolder, store: Store | None) -> int:
    screen = Screen()
    with followed(store, [TrackedRun(folder)], screen):
        _show(_optimized(settings, material, folder, screen), folder, screen)
    return 0


def _optimized(settings: Settings, material: Material, folder: RunFolder, screen: Screen) -> dict[str, Any]:
    with screen:
        _announce(settings, material, folder, screen)
        if folder.calls.is_file():
            screen.say("resumed: what earlier sessions paid for is replayed, and counted below as reused, not as calls")
        try:
            summary = optimize(settings, material, folder, screen)
        except (dspy.LMError, KeyboardInterrupt, CannotWrite) as stop:
            screen.say(f"what was paid for is kept; continue with: python programs/optimize.py --resume {folder.path}")
            if isinstance(stop, KeyboardInterrupt) and folder.summary.exists():
                _report(folder, material, screen)
            raise
        _report(folder, material, screen)
        fit_run(folder, settings, material)
    return summary


def _report(folder: RunFolder, material: Material, screen: Screen) -> None:
    """report.html. The run is whole without it, so what hinders it is only said."""
    from programs.reports.write import write_report  # what makes pages is imported when the calls are made

    try:
        write_report(folder, material.splits.test)
    except UserError as error:
        screen.say(f"no report: {error}")


def _announce(settings: Settings, material: Material, folder: RunFolder, screen: Screen) -> None:
    task, splits = material.task, material.splits
    calls = most_calls(settings, task, splits)
    by_role = ", ".join(f"{role} {count}" for role, count in calls.items() if count)
    screen.say(
        f"judgegrad: {method_name(settings)} on {task.name} ({', '.join(task.criterion_names)}), LM {settings.lm}"
    )
    steps = f"; {settings.steps} steps of {settings.batch_size} rows, gate {settings.gate} ({settings.accept})"
    screen.say(
        f"{len(splits.train)} training, {len(splits.validation)} validation, {len(splits.test)} test rows"
        f"{steps if settings.stepwise else ''}"
    )
    if task.raters:
        columns = (f"{name} {', '.join(each)}" for name, each in task.raters.items())
        screen.say(f"the rating is the mean of its raters: {'; '.join(columns)}")
    screen.say(f"at most {sum(calls.values())} LM calls: {by_role}")
    screen.say(forecast_words(forecast(settings, task, splits, calls)))
    screen.say(f"run folder: {folder.path}")
    if words := marker_words(read_json(folder.config).get("markers")):
        screen.say(f"warning: {words}")


def _show(summary: Mapping[str, Any], folder: RunFolder, screen: Screen) -> None:
    show_summary(summary, screen)
    if "clusters" in summary:
        screen.result(clusters_line(summary["clusters"]))
    if "ceiling" in summary:  # a run of an earlier version has none
        show_ceiling(summary["ceiling"], screen)
    if (scrutiny := summary.get("scrutiny")) is not None:
        show_scrutiny({**scrutiny["after"], "warnings": scrutiny["warnings"]}, screen, " of the kept judge")
    if folder.diagnostics.exists():
        show_diagnosis(read_diagnosis(folder.diagnostics), screen)
    show_calls(summary["calls"], screen)
    show_failures(summary.get("failures", {}), screen)
    if "spending" in summary:
        screen.result(spent_words(summary["spending"]["estimate"], summary["spending"]["spent"]))
    if folder.relabel.exists():
        screen.result(f"worth a further opinion, since raters differ, most doubtful first: {folder.relabel}")
    screen.result(f"judge: {folder.judge}")
    if folder.report.exists():
        screen.result(f"report: {folder.report}")
    if folder.confidence.exists():
        screen.result(f"confidence, which score.py --abstain RISK goes by: {folder.confidence}")
    screen.result(f"use it: python programs/score.py {folder.path} --data texts.csv --out scored.csv")
