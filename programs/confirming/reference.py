"""The joint initial prompt of a confirmation, read as the primary arm is: what every other judge is a gain over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from programs.optimizer.settling import normal
from programs.settings import Settings, resolve
from programs.studies.cells import cell_folder
from programs.studies.initial import asks_plainly, standard_of
from programs.studies.plan import Cell, Study

INITIAL = "initial"
"""What it is called where it is no arm of the study."""


@dataclass(frozen=True)
class Reference:
    """`arm` is its name, `words` say what it is beside the primary arm."""

    arm: str
    words: str


def reference_of(path: Path, study: Study, cells: Mapping[str, Sequence[Cell]], primary: str) -> Reference:
    """A finished arm without steps that asks as the study does and is read as the primary arm is: that one itself, the
    one called `initial`, or the first. Without one the arm of that name, or else the task's own prompt."""
    own = settings_of(study, cells, primary)
    alike = [name for name in cells if _alike(path, study, cells[name], own)]
    read = _reading(own)
    if primary in alike:
        return Reference(primary, f"{primary} is the joint initial prompt itself")
    if alike:
        arm = INITIAL if INITIAL in alike else alike[0]
        return Reference(arm, f"{arm} is the joint initial prompt, read as {primary} is ({read})")
    if INITIAL in cells:
        other = _reading(settings_of(study, cells, INITIAL))
        return Reference(
            INITIAL,
            f"{INITIAL} ({other}) is not the joint initial prompt read as {primary} is ({read}), nor is any other arm "
            "with steps = 0",
        )
    if own.calibrate == "none":
        return Reference(INITIAL, f"{INITIAL} is the task's own prompt without anchors, read as {primary} is ({read})")
    return Reference(
        INITIAL,
        f"{INITIAL} is the task's own prompt without anchors and not calibrated, in the readout of {primary} "
        f"({own.readout}): the study has no arm with steps = 0 that is read as {primary} is ({read})",
    )


def settings_of(study: Study, cells: Mapping[str, Sequence[Cell]], name: str) -> Settings:
    """An arm's settings; those of the study, not calibrated, of the prompt that is no arm."""
    if name in cells:
        return resolve(normal(cells[name][0].flags(study.settings)))
    return resolve(normal({**study.settings, "calibrate": "none"}))


def _alike(path: Path, study: Study, cells: Sequence[Cell], primary: Settings) -> bool:
    settings = resolve(normal(cells[0].flags(study.settings)))
    still = settings.steps == 0 and settings.stepwise and settings.control == "none"
    asked = still and asks_plainly(cells[0], settings) and standard_of(settings) == standard_of(primary)
    return asked and all(cell_folder(path, cell).finished for cell in cells)


def _reading(settings: Settings) -> str:
    return ", ".join(word for word in standard_of(settings) if word != "none")
