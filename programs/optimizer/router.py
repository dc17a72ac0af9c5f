"""`--resolve router`: where a joint gradient says too little of a criterion, a separate one is asked for.

The paper suggests it and has not built it: specificity falls from 9.0 to 3.7 where one text is about all criteria
(arXiv 2605.26046), and separate gradients cost a call a criterion and row. How focused a note is says a rater, by the
measures of `programs.diagnostics`. A rater that does not answer reroutes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from programs.diagnostics.rater import Rater
from programs.errors import UserError
from programs.optimizer.estimate import Plan
from programs.optimizer.focus import MEASURES, ORDERS
from programs.optimizer.modes import parse_mode
from programs.optimizer.plugs import Moment, Resolve, as_they_are
from programs.settings import Settings
from signatures.records import Note

Pair = tuple[str, str]
"""A row and a criterion."""


def router(settings: Settings) -> Resolve:
    """The router of these settings; where gradients are separate already it is the paper's, and asks nothing."""
    return Router(settings.router_by, threshold_of(settings)) if _is_joint(settings) else as_they_are


def router_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """A run's most calls: each joint note rated, and a separate gradient instead for each of its criteria."""
    rows, criteria = plan.steps * plan.batch_size if _is_joint(settings) else 0, len(plan.criteria)
    return {"rater": rows * MEASURES[settings.router_by].most(criteria), "gradient": rows * criteria}


def threshold_of(settings: Settings) -> float:
    """The focus below which a criterion is rerouted. Raises UserError for one that the measure cannot have."""
    measure, given = MEASURES[settings.router_by], settings.router_threshold
    if given is not None and not measure.low <= given <= measure.high:
        raise UserError(
            f"--router-threshold {given:g} is no value of --router-by {settings.router_by}: give one from "
            f"{measure.low:g} to {measure.high:g}"
        )
    return measure.threshold if given is None else given


@dataclass(frozen=True)
class Router:
    """Resolves by rerouting: `by` names the measure of focus, below `threshold` of which a criterion falls short."""

    by: str
    threshold: float

    def __call__(self, gradients: list[Note], moment: Moment) -> list[Note]:
        joint = [note for note in gradients if len(note.group) > 1]
        due = {note: _due(note, moment) for note in joint}
        found, asked = self._focus(joint, moment)
        short = [
            (note.row, name)
            for note, focus in zip(joint, found, strict=True)
            for name in due[note]
            if (value := focus[name]) is not None and value < self.threshold
        ]
        separate = _separate(short, moment)
        self._skip(moment, asked, len(short))
        checked = sum(map(len, due.values()))
        moment.told["resolve"] = {
            "checked": checked,
            "rerouted": len(short),
            "unrated": sum(focus[name] is None for note, focus in zip(joint, found, strict=True) for name in due[note]),
            "unanswered": len(short) - len(separate),
            "rater_calls": asked,
            "gradient_calls": len(short),
            "saved": checked - len(short) - len(joint),
        }
        return narrowed(gradients, {(note.row, note.group[0]) for note in separate}) + separate

    def _focus(self, notes: Sequence[Note], moment: Moment) -> tuple[list[Mapping[str, float | None]], int]:
        """Criterion -> focus of every note, and the rater's calls."""
        search, judge = moment.search, moment.judge
        rater = Rater(judge.task, search.roles, search.pool, ORDERS, judge.schema)
        measure = MEASURES[self.by]
        return measure.focus(rater, notes, self.threshold), measure.asked(notes, len(judge.task.criteria))

    def _skip(self, moment: Moment, rater: int, gradients: int) -> None:
        """What was planned for the step and not needed."""
        rows, criteria = len(moment.batch.rows), len(moment.judge.task.criteria)
        calls = moment.search.roles.calls
        calls.skip("rater", rows * MEASURES[self.by].most(criteria) - rater)
        calls.skip("gradient", rows * criteria - gradients)


def narrowed(notes: Sequence[Note], others: Collection[Pair]) -> list[Note]:
    """Joint notes that no longer speak for the criteria of a row that have a note of their own."""
    kept = [(note, tuple(name for name in note.group if (note.row, name) not in others)) for note in notes]
    return [replace(note, group=group) for note, group in kept if group]


def _is_joint(settings: Settings) -> bool:
    return parse_mode(settings.mode).gradient == "C" and settings.notes == "text"


def _due(note: Note, moment: Moment) -> list[str]:
    """The criteria that a joint note should speak of: those with a score on its row, and a critique of it."""
    scored = next(each for each in moment.batch.judgements if each.row == note.row).scored(note.group)
    critiques = [loss for loss in moment.losses if loss.row == note.row]
    return [name for name in scored if any(name in loss.group for loss in critiques)]


def _separate(pairs: Sequence[Pair], moment: Moment) -> list[Note]:
    """Separate gradients of these pairs only; criteria that fell short on the same rows are asked about at once."""
    asked: dict[tuple[str, ...], list[str]] = {}
    for name in moment.judge.task.criterion_names:
        if rows := tuple(row for row, about in pairs if about == name):
            asked.setdefault(rows, []).append(name)
    notes: list[Any] = []
    for rows, names in asked.items():
        notes += moment.backward([(name,) for name in names], moment.batch.part(rows))
    return notes
