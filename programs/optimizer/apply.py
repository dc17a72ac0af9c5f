"""Applying a compiled judge: to rated rows (`evaluate.py`) and to new texts (`score.py`)."""

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dspy

from metrics.summary import summarize
from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.readouts import beside_digits, read
from programs.optimizer.saved import load_judge
from programs.optimizer.scoring import judge_rows, refuse_silence
from programs.optimizer.session import settled_task
from programs.records.calls import CallLog
from programs.records.folder import write_json, write_text
from programs.report_tables import show_agreement, show_calls
from programs.screen import Screen, token_sum
from programs.settings import Settings, resolve
from programs.tasks.loading import load_rows, load_texts
from programs.tasks.tables import RawRow
from signatures.records import Judgement


def evaluate_from_flags(given: Mapping[str, Any]) -> int:
    """Agreement of a judge with the ratings of all rows given. Returns the exit code."""
    flags = dict(given)
    path, out = flags.pop("judge"), flags.pop("out", None)
    settings = resolve(flags)
    described = settings.task or settings.inputs or settings.criteria
    task = settled_task(settings) if described else None
    judge = _read_as(load_judge(path, task), flags)
    target = _writable(out, path, settings.data) if out is not None else Path()
    rows = load_rows(task or judge.task, settings.data)
    judgements, roles = _judged(judge, rows, settings)
    found = read(judge, rows, judgements)
    agreement = {**summarize(found.scores, seed=settings.seed), **beside_digits(found, settings.seed)}
    screen = Screen()
    show_agreement(agreement, screen)
    if found.digits is not None:
        show_agreement(agreement["digits"], screen, "the same replies read as digits: agreement")
        _show_fallback(judgements, screen)
    show_calls(roles.calls.summary(), screen)
    if out is not None:
        write_json(target, agreement)
        screen.result(f"written: {out}")
    return 0


def score_from_flags(given: Mapping[str, Any]) -> int:
    """Scores of new texts, beside the input's columns; empty where unscored. Returns the exit code."""
    flags = dict(given)
    path, out = flags.pop("judge"), flags.pop("out")
    settings = resolve(flags)
    out = _writable(out, path, settings.data)
    judge = _read_as(load_judge(path), flags)
    raw, rows = load_texts(judge.task, settings.data)
    header = _header(raw, judge)
    judgements, roles = _judged(judge, rows, settings)
    write_text(out, _csv(header, raw, judgements, judge))
    screen = Screen()
    _show_coverage(judgements, judge, screen)
    show_calls(roles.calls.summary(), screen)
    screen.result(f"written: {out}")
    return 0


def _read_as(judge: Judge, flags: Mapping[str, Any]) -> Judge:
    """The judge with the readout that was asked for; its own where none was."""
    judge.readout = flags.get("readout", judge.readout)
    return judge


def _judged(judge: Judge, rows: Sequence[dspy.Example], settings: Settings) -> tuple[list[Judgement], Roles]:
    roles = cast_roles(settings, CallLog())
    with Screen() as screen, roles.playing("judge"):
        screen.tokens = lambda: token_sum(roles.calls.summary())
        screen.say(f"{len(rows)} rows, at most {len(rows) * len(judge.heads)} LM calls")
        screen.expect(len(rows) * len(judge.heads))
        judgements = judge_rows(judge, rows, Pool(settings.threads, screen.started))
    refuse_silence(judgements)
    return judgements, roles


def _writable(out: str, *sources: str | None) -> Path:
    """The file to write, links followed. Refused before any call: what cannot be written, or must not be lost."""
    path = Path(out).resolve()
    if (path.exists() and not path.is_file()) or not path.parent.is_dir():
        raise UserError(
            f"--out {out}: {'is no plain file' if path.exists() else 'its folder does not exist'}; name a file"
        )
    if any(source is not None and path == Path(source).resolve() for source in sources):
        raise UserError(f"--out {out}: is what is read here and would be lost; name another file")
    if (path.parent / "config.json").exists() and path.exists():
        raise UserError(f"--out {out}: is a file of a run and would be lost; name another file")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise UserError(f"--out {out}: cannot write there ({error.strerror}); name a file elsewhere") from None


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
        _show_fallback(judgements, screen)


def _show_fallback(judgements: Sequence[Judgement], screen: Screen) -> None:
    """How many scores were to be expectations and could not."""
    count = sum(len(each.fallback) for each in judgements)
    screen.result(f"\nread as digits for want of token probabilities: {count} scores")
