"""The notes and rewrites of a run, step by step, as steps.jsonl holds them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metrics.adherence import Rewritten, rewrites
from programs.errors import UserError
from programs.records.folder import read_lines
from programs.tasks.task import Task
from signatures.records import Note, Rubric


@dataclass(frozen=True)
class StepNotes:
    """One step: the gradients as the critic wrote them, those that the rewrite followed (`applied`), the rubric before
    it, and the rewritten one."""

    step: int
    gradients: Sequence[Note]
    applied: Sequence[Note]
    before: Rubric
    proposal: Rubric

    def rewritten(self, task: Task) -> list[Rewritten]:
        """What there is to rate of the step's rewrite."""
        return rewrites(task.criteria, self.applied, self.before, self.proposal)


def steps_of(records: Iterable[Mapping[str, Any]]) -> list[StepNotes]:
    """The steps that wrote gradients, from the lines of steps.jsonl; each starts from the rubric of the one before."""
    found: list[StepNotes] = []
    before: dict[str, str] = {}
    for record in records:
        if notes := _notes(record.get("gradients", ())):
            applied = _notes(record["applied"]) if "applied" in record else notes
            found.append(StepNotes(int(record["step"]), notes, applied, before, dict(record.get("proposal", {}))))
        before = dict(record["rubric"])
    return found


def _notes(found: Iterable[Mapping[str, Any]]) -> list[Note]:
    return [Note("gradient", str(each["row"]), tuple(each["group"]), each["text"]) for each in found]


def read_steps(path: Path) -> list[StepNotes]:
    """The steps of a run. Raises UserError where steps.jsonl is missing or damaged."""
    if not path.exists():
        raise UserError(f"{path} is missing, and the notes to rate stand in it: give a run that still has it")
    try:
        return steps_of(read_lines(path))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}): resume the run, which writes it again") from None


def limited(steps: Sequence[StepNotes], most: int | None, seed: int) -> list[tuple[StepNotes, list[Note]]]:
    """Each step with the notes of it to rate: all, or a random choice of `most` over the whole run."""
    places = [(place, note) for place, step in enumerate(steps) for note in step.gradients]
    if most is not None and most < len(places):
        chosen = np.random.default_rng(seed).permutation(len(places))[:most]
        places = [places[index] for index in sorted(chosen.tolist())]
    return [(step, [note for own, note in places if own == place]) for place, step in enumerate(steps)]
