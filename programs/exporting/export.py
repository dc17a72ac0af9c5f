"""A compiled judge written for other tools (`export.py`). Nothing is asked of an LM."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from programs.applying.judging import read_as
from programs.errors import UserError
from programs.exporting.calls import Exported, calls_of
from programs.exporting.formats import FORMATS, Format
from programs.exporting.places import file_for, folder_for, write_files
from programs.exporting.run_settings import model_of, settings_of
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge
from programs.optimizer.turns import ORDERS
from programs.screen import Screen
from programs.settings import Settings


def export_from_flags(given: Mapping[str, Any]) -> int:
    """Writes the judge in the format asked for. Returns the exit code."""
    flags = dict(given)
    path, out, chosen = Path(flags.pop("saved")), flags.pop("out"), FORMATS[flags.pop("to")]
    judge = read_as(load_judge(path), flags)
    if judge.order != ORDERS[0]:
        raise UserError(
            f"{path} is a judge that asks in every order and averages (--order rotate): export one that does not"
        )
    if judge.decides:
        raise UserError(
            f"{path} is a judge of decisions, which no format can ask for: export it as a prompt (--judge joint)"
        )
    target = folder_for(out) if chosen.folder else file_for(out, path, python=chosen.python)
    exported = export(judge, settings_of(path, flags), chosen)
    files = chosen.write(exported, target.name)
    write_files(files, target, folder=chosen.folder)
    screen = Screen()
    for name in files:
        screen.result(f"written: {Path(out) / name}")
    for line in exported.about:
        screen.say(line)
    return 0


def export(judge: Judge, settings: Settings, chosen: Format) -> Exported:
    """The judge as the format can carry it, with lines on what it is and what stays behind."""
    lost = judge.readout == "expected" and not chosen.logprobs
    raw = judge.calibration is not None
    judge = read_as(judge, {"readout": "digits"}) if lost else judge
    calls, marks = calls_of(judge, settings)
    server = settings.judge_api_base or settings.api_base or ""
    exported = Exported(judge, calls, marks, model=model_of(settings), api_base=server)
    lines = (*_about(exported, lost, raw), *chosen.notes(exported))
    return replace(exported, about=tuple(map(_one_line, lines)))


def _one_line(text: str) -> str:
    """The text without what could end a comment, wherever a name in it comes from."""
    return "".join(each if each.isprintable() else " " for each in text)


def _about(exported: Exported, lost: bool, raw: bool) -> list[str]:
    judge, count = exported.judge, len(exported.calls)
    calls = f"{count} LM call{'s' if count > 1 else ''} a row"
    found = [f"task {judge.task.name}: {', '.join(judge.task.criterion_names)}; {calls}"]
    found.append(f"LM: {exported.model or 'none of the OpenAI API is known; name yours (--lm, or by hand)'}")
    if lost:
        found.append("readout: this form carries no token probabilities, so scores are whole numbers, not expectations")
    elif exported.expects:
        found.append("readout: scores are expectations; of an LM without logprobs they are whole numbers")
    if raw:
        found.append("calibration: left out, so scores are the judge's raw ones; score.py and evaluate.py apply it")
    return found
