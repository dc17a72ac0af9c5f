"""A session of `check.py`: from flags to a frozen anchor file, or to a verdict on one."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from programs.applying.judging import read_as
from programs.applying.target import writable
from programs.check import ALPHA, MOST_REPEATS, REPEATS, ROWS
from programs.checking.anchors import Anchors, Asking, judge_hash, read_anchors, score_array, write_anchors
from programs.checking.comparison import Now, compared
from programs.checking.draw import anchor_rows
from programs.checking.scoring import scored
from programs.checking.show import show_comparison, show_frozen
from programs.checking.tolerance import read_tolerance
from programs.errors import UserError
from programs.optimizer.cast import check_lms
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge
from programs.optimizer.scoring import Silence
from programs.optimizer.settling import described_task, rated_task
from programs.records.calls import CallLog
from programs.records.folder import held_by, write_json
from programs.records.lines import drop_last_phase
from programs.records.provenance import provenance
from programs.report_tables import show_calls
from programs.screen import Screen
from programs.settings import Settings, resolve

OF_FREEZING = (
    "rows", "data", "task", "inputs", "criteria", "group", "instructions", "system", "row", "ratings", "rater",
)  # fmt: skip
OF_CHECKING = ("alpha", "tolerance", "out")


def check_from_flags(given: Mapping[str, Any]) -> int:
    """Freezes anchors, or checks a judge against them. Returns the exit code: 1 is drift."""
    flags = dict(given)
    anchors, freeze = flags.pop("anchors", None), flags.pop("freeze", None)
    if (anchors is None) == (freeze is None):
        raise UserError("give an ANCHORS file to check against, or --freeze FILE to write one: one of them")
    _refuse_others(flags, *((OF_CHECKING, "checking") if freeze else (OF_FREEZING, "freezing")))
    if flags.get("reuse") == "on":
        raise UserError("--reuse on: a known answer says nothing of the judge today; leave the flag out")
    if flags.get("repeats", 0) > MOST_REPEATS:
        raise UserError(f"--repeats {flags['repeats']}: at most {MOST_REPEATS}")
    flags["reuse"] = "off"
    return _freeze(flags, freeze) if freeze else _check(flags, anchors)


def _refuse_others(flags: Mapping[str, Any], names: tuple[str, ...], what: str) -> None:
    if wrong := [name for name in names if name in flags]:
        raise UserError(f"--{wrong[0]} goes with {what} only: leave it out, or see --help")


def _freeze(flags: dict[str, Any], freeze: str) -> int:
    path, repeats, asked = flags.pop("judge"), flags.pop("repeats", REPEATS), "rows" in flags
    count = flags.pop("rows", ROWS)
    if repeats < 2:
        raise UserError("--repeats 1: the judge's own noise is known from two scorings on; give 2 or more")
    settings = resolve(flags)
    task = described_task(settings)
    judge = read_as(load_judge(path, task), flags)
    target = _new_file(freeze, path, settings.data)
    known = task or rated_task(judge.task, settings)
    rows, rated = anchor_rows(known, settings.data, count, settings.seed, asked=asked, half=settings.half)
    check_lms(settings)
    log = target.with_name(f"{target.name}.calls.jsonl")  # an interrupted freeze goes on from it
    lock = held_by(log, target, "name another --freeze file")
    calls = CallLog(log, reuse=False, keep_prompts=settings.save_prompts)
    try:
        judgements, spent = scored(judge, rows, settings, range(repeats), calls)
        scores = score_array(judgements, judge.task.criterion_names)
        anchors = Anchors(judge.task, _asking(judge, settings), rows, rated, scores, settings.seed, f"{date.today()}")
        write_anchors(target, anchors, provenance())
    except Silence:
        calls.close()
        drop_last_phase(log)  # else the same command would only read those replies again
        raise
    except BaseException:
        Screen().say(f"what was paid for is kept in {log}; the same command goes on from there (without it, anew)")
        raise
    finally:
        calls.close()
        lock.close()
    log.unlink()
    show_frozen(anchors, Screen())
    show_calls(spent, Screen())
    Screen().result(f"written: {freeze} (it holds the texts of {len(rows)} rows{' and their ratings' * rated})")
    return 0


def _check(flags: dict[str, Any], place: str) -> int:
    path, out, repeats = flags.pop("judge"), flags.pop("out", None), flags.pop("repeats", 1)
    alpha, tolerance = flags.pop("alpha", ALPHA), read_tolerance(flags.pop("tolerance", ""))
    anchors, mark = read_anchors(Path(place))
    settings = _as_frozen(flags, anchors)
    judge = read_as(load_judge(path, anchors.task), flags)
    target = writable(out, path, place) if out is not None else None
    check_lms(settings)
    first, calls = len(anchors.scores), CallLog(reuse=False)
    judgements, spent = scored(judge, anchors.rows, settings, range(first, first + repeats), calls)
    scores = score_array(judgements, anchors.task.criterion_names)
    now = Now(_asking(judge, settings), scores, f"{date.today()}")
    comparison = compared(anchors, now, alpha=alpha, tolerance=tolerance, seed=settings.seed)
    show_calls(spent, Screen())
    try:
        if target is not None:
            write_json(target, {**comparison.to_dict(), "anchors": mark, "calls": spent, **provenance()})
            Screen().result(f"written: {out}")
    finally:  # the verdict is the last line, and paid for even where it cannot be written
        show_comparison(comparison, Screen())
    return int(comparison.drifted)


def _as_frozen(flags: Mapping[str, Any], anchors: Anchors) -> Settings:
    """The settings, as the anchors were scored where no flag says otherwise."""
    frozen = anchors.asking
    own = {} if {"lm", "judge_lm"} & {*flags} else {"lm": frozen.lm}
    settings = resolve({"seed": anchors.seed, "judge_temperature": frozen.temperature, **own, **flags})
    if own and frozen.served and not (settings.api_base or settings.judge_api_base):
        raise UserError(f"the anchors were scored by '{frozen.lm}' on a server: give its --api-base, or another --lm")
    return settings


def _asking(judge: Judge, settings: Settings) -> Asking:
    served = bool(settings.judge_api_base or settings.api_base)
    lm, form = settings.judge_lm or settings.lm, {name: str(value) for name, value in judge.form.items()}
    return Asking(judge_hash(judge), lm, served, settings.judge_temperature, form)


def _new_file(freeze: str, *sources: str | None) -> Path:
    """The file to write, which must not exist: frozen scores cannot be had again."""
    if Path(freeze).exists():
        raise UserError(f"--freeze {freeze}: exists already and would be lost; name another file, or remove it")
    return writable(freeze, *sources, flag="--freeze")
