"""What diagnostics.json holds: who rated what of a run, whether the rater may be believed, and every number it gave.

Ratings and probabilities only, no text, so that a study's tables need nothing else of a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from metrics.rated import RatedNote, RatedRewrite
from programs.backends.roles import Roles
from programs.diagnostics.calibrate import PARTS, Calibration
from programs.errors import UserError
from programs.records.folder import read_json, write_json
from programs.settings import Settings
from programs.tasks.task import Task

FORMAT = 1


@dataclass(frozen=True)
class Origin:
    """The run that the notes are of."""

    task: str
    mode: str
    gate: str
    seed: int
    criteria: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings, task: Task) -> "Origin":
        return cls(task.name, settings.mode, settings.gate, settings.seed, task.criterion_names)


@dataclass(frozen=True)
class RaterName:
    """Which LM rated, and how it was asked."""

    lm: str
    temperature: float | None
    orders: int

    @classmethod
    def of(cls, roles: Roles, orders: int) -> "RaterName":
        lm = roles.lms["rater"]
        return cls(lm.model, lm.kwargs.get("temperature"), orders)


@dataclass(frozen=True)
class Diagnosis:
    """All of diagnostics.json. `gradients` counts the run's notes, rated or not; `costs` is what the rater took."""

    origin: Origin
    rater: RaterName
    calibration: Calibration
    gradients: int = 0
    notes: Sequence[RatedNote] = ()
    rewrites: Sequence[RatedRewrite] = ()
    costs: Mapping[str, int] = field(default_factory=dict)

    def plus(self, gradients: int, notes: Sequence[RatedNote], rewrites: Sequence[RatedRewrite]) -> "Diagnosis":
        """With what was rated of another step."""
        return replace(
            self,
            gradients=self.gradients + gradients,
            notes=(*self.notes, *notes),
            rewrites=(*self.rewrites, *rewrites),
        )

    def with_costs(self, costs: Mapping[str, int]) -> "Diagnosis":
        return replace(self, costs=dict(costs))

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "origin": {**vars(self.origin), "criteria": list(self.origin.criteria)},
            "rater": vars(self.rater),
            "calibration": self.calibration,
            "gradients": self.gradients,
            "notes": [_rounded(note.to_dict()) for note in self.notes],
            "rewrites": [each.to_dict() for each in self.rewrites],
            "costs": dict(self.costs),
        }


def write_diagnosis(path: Path, diagnosis: Diagnosis) -> None:
    write_json(path, diagnosis.to_dict())


def read_diagnosis(path: Path) -> Diagnosis:
    """What a diagnostics.json holds. Raises UserError where it is damaged."""
    found = read_json(path)
    try:
        if found["format"] != FORMAT or any("passed" not in found["calibration"][part] for part in PARTS):
            raise ValueError("unknown format")
        return Diagnosis(
            Origin(**{**found["origin"], "criteria": tuple(found["origin"]["criteria"])}),
            RaterName(**found["rater"]),
            found["calibration"],
            int(found["gradients"]),
            tuple(RatedNote.from_dict(each) for each in found["notes"]),
            tuple(RatedRewrite(**each) for each in found["rewrites"]),
            dict(found["costs"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): run diagnose.py again, which repeats no finished call") from None


def _rounded(note: dict[str, Any]) -> dict[str, Any]:
    """Six decimals of a probability are more than it is worth."""
    choices = [choice and {name: round(value, 6) for name, value in choice.items()} for choice in note["suggestions"]]
    return {**note, "group": list(note["group"]), "suggestions": choices}
