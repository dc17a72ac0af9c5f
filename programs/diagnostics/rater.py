"""The rater: asks its LM everything that the diagnostics want to know of notes and rewrites."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import dspy

from metrics.adherence import Rewritten
from metrics.attribution import Choice, attribution, averaged, orders
from metrics.masking import mask
from metrics.rated import RatedNote, RatedRewrite
from metrics.specificity import Target, targets
from metrics.suggestions import MOST_SUGGESTIONS, suggestions
from metrics.tokens import count_tokens
from programs.backends.adapter import CompactAdapter, ProseAdapter
from programs.backends.roles import Roles
from programs.diagnostics.notes import StepNotes
from programs.optimizer.fan_out import Pool
from programs.optimizer.tested import row_mark
from programs.records.unanswered import NO_REPLY
from programs.settings import Settings
from programs.tasks.task import Task
from signatures.attribution import option_names
from signatures.records import Note

Rating = TypeVar("Rating")


@dataclass(frozen=True)
class Rater:
    """An LM that rates notes on a task's criteria; the options of the blind attribution come in `orders` orders."""

    task: Task
    roles: Roles
    pool: Pool
    orders: int
    schema: str = "auto"
    logprobs: bool = True

    @classmethod
    def of(cls, settings: Settings, task: Task, roles: Roles, pool: Pool) -> "Rater":
        return cls(task, roles, pool, settings.rate_orders, settings.schema, settings.rate_logprobs == "auto")

    def step(self, step: StepNotes, notes: Sequence[Note]) -> list[RatedNote]:
        """Ratings of some of a step's notes."""
        found = [suggestions(note.text) for note in notes]
        asked = [some[:MOST_SUGGESTIONS] for some in found]
        ratings = self.specificity(notes)
        choices = iter(self.attributions([text for some in asked for text in some]))
        return [
            RatedNote(
                step.step,
                row_mark(note.row),
                note.group,
                count_tokens(note.text),
                rating,
                tuple(next(choices) for _ in some),
                len(every) - len(some),
                joint=len(note.group) > 1,
            )
            for note, rating, some, every in zip(notes, ratings, asked, found, strict=True)
        ]

    def rewrites(self, step: StepNotes) -> list[RatedRewrite]:
        """Ratings of a step's new rubrics."""
        written = step.rewritten(self.task)
        joint = {name: len(note.group) > 1 for note in step.applied for name in note.group}
        return [
            RatedRewrite(step.step, each.criterion.name, joint[each.criterion.name], rating)
            for each, rating in zip(written, self.adherence(written), strict=True)
        ]

    def specificity(self, notes: Sequence[Note]) -> list[dict[str, int | None]]:
        """Criterion -> 1 to 10, for every note."""
        asked = targets(notes, self.task.criteria)
        rated = iter(self._rate("rating: specificity", asked))
        return [{criterion.name: next(rated) for criterion in self.task.criteria} for _ in notes]

    def adherence(self, written: Sequence[Rewritten]) -> list[int | None]:
        """1 to 10 for every rewritten rubric."""
        return self._rate("rating: adherence", written)

    def attributions(self, texts: Sequence[str]) -> list[Choice | None]:
        """What each suggestion is about, with the criteria's names hidden."""
        criteria = self.task.criteria
        ways = orders(option_names(criteria), self.orders)
        masked = [mask(text, criteria) for text in texts]
        # one order after the other: all of its prompts begin alike, which prefix caches reward
        examples = [dspy.Example(criteria=criteria, order=way, logprobs=self.logprobs) for way in ways]
        asked = [(example, {"suggestion": text}) for example in examples for text in masked]
        with self.roles.playing("rater"), dspy.context(adapter=ProseAdapter()):
            answers = self.pool.map("rating: attribution", lambda item: _or_none(lambda: attribution(*item)), asked)
        return [averaged(answers[place :: len(texts)]) for place in range(len(texts))]

    def _rate(self, phase: str, asked: Sequence[Target | Rewritten]) -> list[int | None]:
        with self.roles.playing("rater"), dspy.context(adapter=CompactAdapter(self.schema)):
            return self.pool.map(phase, lambda item: _or_none(item.rate), list(asked))


def _or_none(ask: Callable[[], Rating | None]) -> Rating | None:
    """What the rater says; None (unrated) where there was no reply."""
    try:
        return ask()
    except NO_REPLY:
        return None
