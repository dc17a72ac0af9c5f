"""How well a compiled judge agrees with rated rows (`evaluate.py`)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy

from metrics.ceiling import ceiling
from metrics.order import order_change
from metrics.relabel import divided
from metrics.scrutiny import scrutinize
from metrics.summary import summarize
from metrics.ties import Ties
from programs.applying.fitting import curve_target, fit_rows
from programs.applying.judging import asking_probabilities, fallbacks, judged_by, read_as, show_fallback
from programs.applying.known import anchor_words, seen_words
from programs.applying.target import read_for, writable
from programs.ceiling_tables import doubtful_rows, show_ceiling
from programs.optimizer.cast import role_lm
from programs.optimizer.judge import Judge
from programs.optimizer.readouts import Read, beside_scores, read
from programs.optimizer.saved import load_judge
from programs.optimizer.settling import described_task, rated_task
from programs.records.folder import write_json
from programs.records.relabel import relabel_records
from programs.report_tables import show_agreement, show_calls, show_failures, show_left
from programs.screen import Screen
from programs.scrutiny.of_run import ALWAYS
from programs.scrutiny.orders import other_orders
from programs.scrutiny.screen import show_scrutiny
from programs.scrutiny.words import warnings
from programs.settings import resolve
from programs.tasks.loading import load_rows
from programs.tasks.markers import count_markers, marker_words
from programs.tasks.sealed import half_of, sealed_words
from programs.tasks.task import Task
from signatures.records import Judgement


def evaluate_from_flags(given: Mapping[str, Any]) -> int:
    """Agreement of a judge with the ratings of all rows given. Returns the exit code."""
    flags = dict(given)
    path, out = flags.pop("saved"), flags.pop("out", None)
    orders, epsilon, curve = flags.pop("orders", 0), flags.pop("tie_epsilon", None), flags.pop("curve", None)
    settings = resolve(flags)
    task = described_task(settings)
    judge = read_as(load_judge(path, task), flags)
    turned = other_orders(judge, orders)
    known = task or rated_task(judge.task, settings)
    target = writable(out, path, *read_for(settings, known)) if out is not None else Path()
    fit = curve_target(curve, path, *read_for(settings, known)) if curve is not None else None
    if fit is not None:
        asking_probabilities(judge, "on", role_lm(settings, "judge"))
    every = load_rows(_with_system(known, settings.system), settings.data)
    rows = half_of(every, known, settings.half)
    (judgements, *others), roles = judged_by([judge, *turned], rows, settings)
    found = read(judge, rows, judgements)
    scrutiny = _scrutiny(found, epsilon, settings.seed)
    if turned:
        scrutiny["orders"] = _orders(found, turned, rows, others, settings.seed)
    agreement = {
        **summarize(found.scores, seed=settings.seed),
        **beside_scores(found, settings.seed),
        "ceiling": ceiling({"judge": found.scores}, seed=settings.seed),
        "scrutiny": scrutiny,
        "relabel": relabel_records(divided(found.scores), rows),
        "calls": roles.calls.summary(),
        "failures": roles.calls.failed(),
        "calls_per_row": judge.calls_per_row,
    }
    screen = Screen()
    _show(agreement, judgements, screen)
    seen, sealed = seen_words(Path(path), rows, settings.data), sealed_words(every, known, settings.half)
    shown, markers = anchor_words(judge, rows), marker_words(count_markers(judge.task, rows))
    for words in filter(None, (seen, shown, sealed, markers and f"warning: {markers}")):
        screen.result(words)
    show_calls(roles.calls.summary(), screen)
    show_failures(roles.calls.failed(), screen)
    if out is not None:
        write_json(target, agreement)
        screen.result(f"written: {out}")
    if fit is not None:
        fit_rows(fit, judge, roles.lms["judge"].model, rows, judgements, screen)
    return 0


def _show(agreement: Mapping[str, Any], judgements: Sequence[Judgement], screen: Screen) -> None:
    show_agreement(agreement, screen)
    if "uncalibrated" in agreement:
        show_agreement(agreement["uncalibrated"], screen, "the same replies uncalibrated: agreement")
        show_left(agreement["left"], screen)
    if "digits" in agreement:
        show_agreement(agreement["digits"], screen, "the same replies read as digits: agreement")
        show_fallback(fallbacks(judgements), screen)
    if missing := {name: count for name, count in agreement.get("rotations_unscored", {}).items() if count}:
        told = ", ".join(f"{name} {count}" for name, count in missing.items())
        screen.result(f"rotations without a score, which are not in the means: {told}")
    show_ceiling(agreement["ceiling"], screen)
    if doubtful := agreement["relabel"]:
        header, shown = doubtful_rows(doubtful)
        rest = " (--out has all)" if len(shown) < len(doubtful) else ""
        title = f"{len(shown)} of {len(doubtful)} ratings on which raters differ, most doubtful first{rest}"
        screen.table(f"\n{title}", header, shown)
    show_scrutiny(agreement["scrutiny"], screen)


def _with_system(task: Task, column: str | None) -> Task:
    """The task with the systems in `column`; without one in the task's own, where the rows have it."""
    return task.with_system(column) if column else replace(task, optional=(*task.optional, "system"))


def _scrutiny(found: Read, epsilon: float | None, seed: int) -> dict[str, Any]:
    """Every row is evaluated, so that none is left to choose constants or ties on."""
    ties = None if epsilon is None else Ties(dict.fromkeys(found.scores.names, epsilon), "stated")
    scrutiny = scrutinize(found.scores, [ALWAYS], ties=ties, seed=seed)
    return {**scrutiny, "warnings": warnings(scrutiny)}


def _orders(
    own: Read, turned: Sequence[Judge], rows: Sequence[dspy.Example], judgements: Sequence[list[Judgement]], seed: int
) -> dict[str, Any]:
    """`metrics.order`, with the groups of each order; only of criteria that share a prompt."""
    others = [read(judge, rows, each).scores for judge, each in zip(turned, judgements, strict=True)]
    change = order_change(own.scores.columns(turned[0].task.criterion_names), others, seed=seed)
    return {"groups": [[list(group) for group in judge.groups] for judge in turned], **change}
