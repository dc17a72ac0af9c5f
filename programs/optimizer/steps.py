"""What happened in a step: the frozen record that callbacks and files get."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from programs.optimizer.gate import Verdict
from programs.optimizer.guards import Refusal
from programs.optimizer.judge import Judge
from programs.optimizer.stages import Batch
from programs.settings import Settings
from signatures.records import Note, Rubric


@dataclass(frozen=True)
class Step:
    """One step of the optimization. Step 0 is the initial judge.

    `judge` is the judge after the step (the next one's start), `gradients` are as the critic wrote them and `applied`
    those that the rewrite followed, `proposal` the rubrics that it wrote, kept or not, and `refused` those that a guard
    refused before the gate; `validation` is the gate's metric per criterion of `judge` on the gate's rows; `told` what
    the loop's plugs said of themselves; `spent` calls and tokens of the step.
    """

    number: int
    judge: Judge
    batch: Batch = field(default_factory=lambda: Batch((), ()))
    losses: Sequence[Note] = ()
    gradients: Sequence[Note] = ()
    applied: Sequence[Note] = ()
    proposal: Rubric = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()
    validation: Mapping[str, float | None] = field(default_factory=dict)
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)


def whats_next(settings: Settings, number: int) -> str:
    """Where a run is after that step, for the person who watches."""
    if not settings.stepwise:
        return f"{settings.optimizer}, after candidate {number}"
    return f"step {number + 1}/{settings.steps}" if number < settings.steps else "end"


def step_record(step: Step, scores: Mapping[str, object] | None = None) -> dict[str, object]:
    """The step as a line of steps.jsonl; `scores` is the test agreement after it, where that was measured."""
    return {
        "step": step.number,
        "rubric": step.judge.rubric,
        "rows": [judgement.row for judgement in step.batch.judgements],
        "judgements": [dict(judgement.scores) for judgement in step.batch.judgements],
        "losses": [_note(note) for note in step.losses],
        "gradients": [_note(note) for note in step.gradients],
        **_resolved(step),
        "proposal": dict(step.proposal),
        "refused": {name: vars(refusal) for name, refusal in step.refused.items()},
        "gate": [{**vars(verdict), "group": list(verdict.group)} for verdict in step.verdicts],
        "validation": dict(step.validation),
        "scores": scores,
        **({"told": {name: dict(words) for name, words in step.told.items()}} if step.told else {}),
        "spent": dict(step.spent),
    }


def told_in_all(steps: Iterable[Step]) -> dict[str, dict[str, float]]:
    """What the plugs told, summed over the steps: numbers only, by plug and name."""
    sums: dict[str, Counter[str]] = {}
    for step in steps:
        for plug, words in step.told.items():
            numbers = {name: value for name, value in words.items() if type(value) in (int, float)}
            sums.setdefault(plug, Counter()).update(numbers)
    return {plug: dict(found) for plug, found in sums.items()}


def _resolved(step: Step) -> dict[str, object]:
    """`applied`, where the rewrite followed others than were written."""
    return {} if step.applied == step.gradients else {"applied": [_note(note) for note in step.applied]}


def _note(note: Note) -> dict[str, object]:
    other = {"other": note.other} if note.other else {}
    return {"row": note.row, **other, "group": list(note.group), "text": note.text}
