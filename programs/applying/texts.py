"""Scores of new texts by a compiled judge, beside the input's columns (`score.py`)."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from programs.applying.judging import judged, read_as, show_fallback
from programs.applying.target import read_for, writable
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge
from programs.records.folder import write_text
from programs.report_tables import show_calls
from programs.screen import Screen
from programs.settings import resolve
from programs.tasks.loading import load_texts
from programs.tasks.tables import RawRow
from signatures.records import Judgement


def score_from_flags(given: Mapping[str, Any]) -> int:
    """Scores of new texts, beside the input's columns; empty where unscored. Returns the exit code."""
    flags = dict(given)
    path, out = flags.pop("judge"), flags.pop("out")
    settings = resolve(flags)
    judge = read_as(load_judge(path), flags)
    out = writable(out, path, *read_for(settings, judge.task))
    raw, rows = load_texts(judge.task, settings.data)
    header = _header(raw, judge)
    judgements, roles = judged(judge, rows, settings)
    write_text(out, _csv(header, raw, judgements, judge))
    screen = Screen()
    _show_coverage(judgements, judge, screen)
    show_calls(roles.calls.summary(), screen)
    screen.result(f"written: {out}")
    return 0


def _header(raw: Sequence[RawRow], judge: Judge) -> list[str]:
    """The columns of the output. Raises UserError where the input has one of ours already."""
    columns = list(dict.fromkeys(name for row in raw for name in row))
    scores = [f"{name}_{kind}" for name in judge.task.criterion_names for kind in _kinds(judge)]
    if taken := [name for name in scores if name in columns]:
        raise UserError(f"--data: the column '{taken[0]}' exists already: rename it, it would be overwritten")
    return columns + scores


def _csv(header: Sequence[str], raw: Sequence[RawRow], judgements: Sequence[Judgement], judge: Judge) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    for row, judgement in zip(raw, judgements, strict=True):
        writer.writerow({**row, **_columns(judgement)})
    return text.getvalue()


def _kinds(judge: Judge) -> tuple[str, ...]:
    """What is written of each criterion: expectations stand beside the digits of the same reply."""
    return ("score",) if judge.readout == "digits" else ("score", "digit")


def _columns(judgement: Judgement) -> dict[str, float | None]:
    scores = {f"{name}_score": score for name, score in judgement.scores.items()}
    return scores | {f"{name}_digit": digit for name, digit in judgement.digits.items()}


def _show_coverage(judgements: Sequence[Judgement], judge: Judge, screen: Screen) -> None:
    rows = []
    for name in judge.task.criterion_names:
        scored = sum(judgement.scores[name] is not None for judgement in judgements)
        rows.append([name, f"{len(judgements)}", f"{scored}", f"{len(judgements) - scored}"])
    screen.table("\nscored", ["criterion", "rows", "scored", "unscored"], rows)
    if judge.readout != "digits":
        show_fallback(judgements, screen)
