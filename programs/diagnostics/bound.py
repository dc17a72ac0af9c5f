"""How many calls the rater can take at most."""

from collections.abc import Sequence

from metrics.calibration import MIXED, SPECIFIC
from metrics.suggestions import MOST_SUGGESTIONS, suggestions
from programs.diagnostics.notes import StepNotes
from programs.diagnostics.planted import planted_notes
from programs.optimizer.cast import in_fields
from programs.optimizer.modes import groups, parse_mode
from programs.settings import Settings
from programs.tasks.task import Task
from signatures.records import Group, Note


def calibration_calls(task: Task, orders: int) -> int:
    """For the planted notes: a rating a criterion, every suggestion in every order, two rewrites a specific note."""
    notes = planted_notes(task).notes
    asked = sum(len(suggestions(note.text)) for note in notes if note.kind != MIXED)
    return len(notes) * len(task.criteria) + asked * orders + 2 * sum(note.kind == SPECIFIC for note in notes)


def rating_calls(task: Task, orders: int, steps: Sequence[tuple[StepNotes, Sequence[Note]]]) -> int:
    """For these notes (each step with those of it to rate), and for the steps' rewrites."""
    notes = [note for _, chosen in steps for note in chosen]
    asked = sum(min(len(suggestions(note.text)), MOST_SUGGESTIONS) for note in notes)
    return len(notes) * len(task.criteria) + asked * orders + sum(len(step.rewritten(task)) for step, _ in steps)


def planned_calls(settings: Settings, task: Task) -> int:
    """For a run with `--rate-every` that has not begun."""
    steps = settings.steps // settings.rate_every if settings.rate_every else 0
    return calibration_calls(task, settings.rate_orders) + steps * step_calls(settings, task) if steps else 0


def step_calls(settings: Settings, task: Task) -> int:
    """For one step that has not begun: a note may hold the most suggestions that are asked about."""
    criteria = task.criterion_names
    notes = _notes_a_row(settings, criteria) * settings.batch_size
    return notes * (len(criteria) + MOST_SUGGESTIONS * settings.rate_orders) + len(criteria)


def _notes_a_row(settings: Settings, criteria: Group) -> int:
    """A joint text may have fields, or a separate one for each criterion that the router asks for."""
    if in_fields(settings):
        return len(criteria)
    asked = len(groups(parse_mode(settings.mode).gradient, criteria))
    return asked + (len(criteria) if asked == 1 and settings.resolve == "router" else 0)
