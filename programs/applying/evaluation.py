"""How well a compiled judge agrees with rated rows (`evaluate.py`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metrics.ceiling import ceiling
from metrics.relabel import divided
from metrics.summary import summarize
from programs.applying.judging import judged, read_as, show_fallback
from programs.applying.target import writable
from programs.ceiling_tables import doubtful_rows, show_ceiling
from programs.optimizer.readouts import beside_digits, read
from programs.optimizer.saved import load_judge
from programs.optimizer.session import settled_task
from programs.records.folder import write_json
from programs.records.relabel import relabel_records
from programs.report_tables import show_agreement, show_calls
from programs.screen import Screen
from programs.settings import resolve
from programs.tasks.describe import rated_singly
from programs.tasks.loading import load_rows


def evaluate_from_flags(given: Mapping[str, Any]) -> int:
    """Agreement of a judge with the ratings of all rows given. Returns the exit code."""
    flags = dict(given)
    path, out = flags.pop("judge"), flags.pop("out", None)
    settings = resolve(flags)
    described = settings.task or settings.inputs or settings.criteria
    task = settled_task(settings) if described else None
    judge = read_as(load_judge(path, task), flags)
    target = writable(out, path, settings.data) if out is not None else Path()
    rows = load_rows(task or rated_singly(judge.task, settings.ratings, settings.rater), settings.data)
    judgements, roles = judged(judge, rows, settings)
    found = read(judge, rows, judgements)
    agreement = {
        **summarize(found.scores, seed=settings.seed),
        **beside_digits(found, settings.seed),
        "ceiling": ceiling({"judge": found.scores}, seed=settings.seed),
    }
    doubtful = relabel_records(divided(found.scores), rows)
    screen = Screen()
    show_agreement(agreement, screen)
    if found.digits is not None:
        show_agreement(agreement["digits"], screen, "the same replies read as digits: agreement")
        show_fallback(judgements, screen)
    show_ceiling(agreement["ceiling"], screen)
    if doubtful:
        screen.table(f"\n{len(doubtful)} ratings on which raters differ, most doubtful first", *doubtful_rows(doubtful))
    show_calls(roles.calls.summary(), screen)
    if out is not None:
        write_json(target, {**agreement, "relabel": doubtful})
        screen.result(f"written: {out}")
    return 0
