"""Where confidence files are made: of rated rows (`evaluate.py --curve`), and of a run whose replies hold them."""

from collections.abc import Sequence
from pathlib import Path

import dspy

from programs.applying.abstaining import show_curve
from programs.applying.confidence import Held, is_confidence, write_confidence
from programs.applying.target import writable
from programs.errors import UserError
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.run import Material
from programs.optimizer.saved import load_judge
from programs.optimizer.scoring import judge_rows
from programs.records.calls import CallLog
from programs.records.folder import RunFolder
from programs.screen import Screen
from programs.settings import Settings
from signatures.records import Judgement


def curve_target(curve: str, *sources: str | Path | None) -> Path:
    """The file of `--curve`: as `writable`, but an older file of confidences may be replaced."""
    path = Path(curve).resolve()
    return path if is_confidence(path) else writable(curve, *sources, flag="--curve")


def fit_rows(
    path: Path, judge: Judge, lm: str, rows: Sequence[dspy.Example], judgements: Sequence[Judgement], screen: Screen
) -> None:
    """Writes and shows the confidences of rated rows. Raises UserError where no reply held token probabilities."""
    held = Held.of(f"{len(rows)} rated rows", judge, rows, judgements)
    if held.empty:
        raise UserError(
            f"--curve: no reply of {lm} held the probabilities of a score, so there is no confidence to fit"
        )
    write_confidence(path, judge, lm, held)
    show_curve(held, screen)
    screen.result(f"written: {path}")


def fit_run(folder: RunFolder, settings: Settings, material: Material) -> bool:
    """Writes a run's confidence.json from the replies that it has: fitted on validation rows, checked on test rows.

    Nothing is asked: rows whose reply is not known count for nothing. False where no reply holds probabilities.
    """
    judge = load_judge(folder.judge)
    if not judge.reads_tokens:
        return False
    calls = CallLog(folder.calls)
    calls.known_only = True
    try:
        roles = cast_roles(settings, calls)
        parts = {"validation": material.splits.validation, "test": material.splits.test}
        with roles.playing("judge"):
            found = {name: judge_rows(judge, rows, Pool(settings.threads)) for name, rows in parts.items()}
    finally:
        calls.close()
    words = {"validation": "the run's validation rows, which also chose the judge", "test": "its test rows"}
    fitted, checked = (Held.of(words[name], judge, parts[name], found[name]) for name in parts)
    if fitted.empty:
        return False
    write_confidence(folder.confidence, judge, roles.lms["judge"].model, fitted, None if checked.empty else checked)
    return True
