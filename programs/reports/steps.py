"""What happened in each step: the batch, the losses, the gradients and the rewrite."""

from collections.abc import Sequence
from dataclasses import dataclass

from programs.reports.rubrics import decision_of
from programs.reports.run_files import Record, RunFiles
from programs.reports.table import Table, score


@dataclass(frozen=True)
class Note:
    """An LM's text, the rows that it is about (`Row 7`), and the criteria that it was written for."""

    rows: str
    criteria: str
    text: str


@dataclass(frozen=True)
class StepView:
    """One step, ready to be shown; `decision` sums up its heads, `applied` is None where it is as written."""

    number: int
    decision: str
    batch: Table
    losses: tuple[Note, ...]
    gradients: tuple[Note, ...]
    applied: tuple[Note, ...] | None
    proposal: tuple[tuple[str, str], ...]


def step_views(run: RunFiles) -> list[StepView]:
    """Every step but the initial judge."""
    return [_view(run, step) for step in run.steps if step["step"]]


def _view(run: RunFiles, step: Record) -> StepView:
    decisions = list(dict.fromkeys(decision_of(verdict) for verdict in step["gate"]))
    return StepView(
        number=int(step["step"]),
        decision=", ".join(decisions) or "not judged",
        batch=_batch(run, step),
        losses=_notes(run, step["losses"]),
        gradients=_notes(run, step["gradients"]),
        applied=_notes(run, step["applied"]) if "applied" in step else None,
        proposal=tuple((title, step["proposal"].get(name, "not rewritten")) for name, title in run.titles.items()),
    )


def _batch(run: RunFiles, step: Record) -> Table:
    rows = [
        [str(row), *(score(judged.get(name)) for name in run.titles)]
        for row, judged in zip(step["rows"], step["judgements"], strict=True)
    ]
    return Table.of(f"The judge's scores of step {step['step']}'s batch", ("row", *run.titles.values()), rows)


def _notes(run: RunFiles, notes: Sequence[Record]) -> tuple[Note, ...]:
    return tuple(Note(_of_rows(note), run.words(note["group"]), str(note["text"])) for note in notes)


def _of_rows(note: Record) -> str:
    """What is resolved is about no row alone."""
    if not note["row"]:
        return "The batch"
    return f"Rows {note['row']} and {note['other']}" if "other" in note else f"Row {note['row']}"
