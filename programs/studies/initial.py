"""The joint initial judge that everything is compared with: one prompt for all criteria, as the task's file has it.

A gain of the readout or of calibration is no gain of an optimizer: so each configuration is compared with the initial
judge read as its own scores are (its *standard*), and beside that with the plain one: digits, not calibrated.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from metrics.scores import Scores
from programs.optimizer.heads import OWN
from programs.optimizer.modes import parse_mode
from programs.optimizer.tested import Tested
from programs.settings import PRESETS, Settings
from programs.studies.cell import Cell

READ = {"readout": "digits", "calibrate": "none"}
"""Settings that say how replies become scores, and what they are without a remedy."""

ASKING = ("judge", "anchors", "order", "adapter", "schema", "lm", "api_base", "judge_lm", "judge_temperature")
"""Settings that change what the initial judge is asked: an arm that has one of its own is nobody's baseline."""

Standard = tuple[str, ...]
"""The values of the settings of `READ`."""

PLAIN: Standard = tuple(READ.values())


class Run(Protocol):
    """What a finished cell shows here."""

    @property
    def cell(self) -> Cell: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def tested(self) -> Tested: ...

    def scores(self, judge: str | int) -> Scores: ...


Place = tuple[str, int]
"""Task and seed, which settle the test rows."""


def place_of(run: Run) -> Place:
    return run.cell.task, run.cell.seed


def standard_of(settings: Settings) -> Standard:
    """How scores are read under the settings."""
    return tuple(str(getattr(settings, name, plain)) for name, plain in READ.items())


def standard_words(standard: Standard) -> str:
    """`joint initial prompt`, with what is not plain about how it is read."""
    words = [word for word, plain in zip(standard, PLAIN, strict=True) if word != plain]
    return ", ".join(["joint initial prompt", *words])


def one_prompt(settings: Settings) -> bool:
    """Whether the judge asks for all criteria in one prompt, each seeing the others."""
    if settings.judge == OWN or not settings.stepwise:
        return not settings.stepwise or parse_mode(settings.mode).judge == "C"
    return settings.judge == "joint"


def asks_plainly(cell: Cell, settings: Settings) -> bool:
    """Whether its initial judge is the joint initial prompt, asked as the study's settings have it."""
    own = dict(cell.own)
    named = {*own, *(PRESETS[own["preset"]] if "preset" in own else ())}
    return one_prompt(settings) and named.isdisjoint(ASKING)


def is_baseline(run: Run) -> bool:
    """The same of a finished cell."""
    return asks_plainly(run.cell, run.settings)


def initial_judges(runs: Iterable[Run]) -> dict[tuple[str, int, Standard], Scores]:
    """Task, seed and standard -> the joint initial judge's test scores, of the first run that has tested it so.

    The digits of expected scores stand in where no run has read digits alone.
    """
    found: dict[tuple[str, int, Standard], Scores] = {}
    digits: dict[tuple[str, int, Standard], Scores] = {}
    for run in runs:
        for standard, scores in own_initial(run).items():
            (found if standard == standard_of(run.settings) else digits).setdefault((*place_of(run), standard), scores)
    return {**digits, **found}


def own_initial(run: Run) -> dict[Standard, Scores]:
    """By standard, the joint initial judge's test scores as a run has them itself; digits and expected scores are of
    the same replies."""
    if not is_baseline(run):
        return {}
    standard = standard_of(run.settings)
    own = {standard: run.scores(0)}
    if standard[1:] == PLAIN[1:] and "0" in run.tested.digits:
        return {PLAIN: replace(run.scores(0), judge=run.tested.digits["0"]), **own}
    return own
