"""What may stand in the places of the loop that the paper leaves as they are, and what it is told of a step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from programs.backends.roles import Roles
from programs.optimizer.calibrating import Calibrate, as_read
from programs.optimizer.draws import draw
from programs.optimizer.fan_out import Pool
from programs.optimizer.gate_by import Consider, by_prompt
from programs.optimizer.guards import GUARDS, Guard
from programs.optimizer.judge import Judge
from programs.optimizer.merge import UNMERGED, Merge
from programs.optimizer.order_search import UNSEARCHED, OrderSearch
from programs.optimizer.schedule import Schedule, all_at_once
from programs.optimizer.stages import Batch, Stages
from signatures.records import Group, Note, Rubric


@dataclass(frozen=True)
class Search:
    """What is the same in all steps: the LMs by role, the calls in flight, the stages, the training rows, the seed."""

    roles: Roles
    pool: Pool
    stages: Stages
    trainset: Sequence[dspy.Example]
    seed: int

    def lap(self) -> Mapping[str, int]:
        """Calls and tokens since the last one."""
        return self.roles.calls.lap(self.pool.begun)


@dataclass(frozen=True)
class Moment:
    """One step as far as it has come: its number, the judge before it, its batch and losses, and the gradients as the
    critic wrote them, whatever becomes of them.

    What a plug has to say of what it did goes into `told` under its own name, as JSON takes it: steps.jsonl has it, and
    summary.json the sums of its numbers over the steps.
    """

    search: Search
    number: int
    judge: Judge
    batch: Batch
    losses: Sequence[Note]
    written: list[Note] = field(default_factory=list)
    told: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def backward(self, groups: Sequence[Group], batch: Batch | None = None) -> list[Note]:
        """Gradients of this step's batch, or of a part of it: one call a group and row."""
        notes = self.search.stages.gradient(self.judge, batch or self.batch, self.losses, groups)
        self.written.extend(notes)
        return notes


About = Callable[[int], Group]
"""The number of a step -> the criteria that it is about."""

Batches = Callable[[Search, int, Callable[[], Judge], About], Iterator[Sequence[dspy.Example]]]
"""The search, rows a step, the judge as it is now, what a step is about -> endless batches of training rows, each drawn
when it is asked for."""

Resolve = Callable[[list[Note], Moment], list[Note]]
"""The gradients that the rewrite is to follow, of those that were written; it may ask for others."""

Constrain = Callable[[Rubric, Sequence[Note], Moment], Rubric]
"""The rewritten rubrics and the gradients that they followed -> the rubrics as they are proposed."""

MakeStages = Callable[[Roles, Pool, str], Stages]
"""The stages of a run, of which the last argument is the `schema` of its judge."""


def random_batches(
    search: Search, size: int, judge: Callable[[], Judge], about: About
) -> Iterator[Sequence[dspy.Example]]:
    """The `batches` of the paper."""
    return draw(search.trainset, size, search.seed)


def as_they_are(gradients: list[Note], moment: Moment) -> list[Note]:
    """The `resolve` of the paper: no conflict resolution."""
    return gradients


def unconstrained(rubric: Rubric, gradients: Sequence[Note], moment: Moment) -> Rubric:
    """The `constrain` of the paper: a rewrite may be of any length."""
    return rubric


@dataclass(frozen=True)
class Plugs:
    """The functions in the loop's places; by default the paper's, but for the guard, which the paper has not."""

    batches: Batches = random_batches
    schedule: Schedule = all_at_once
    resolve: Resolve = as_they_are
    constrain: Constrain = unconstrained
    guard: Guard = GUARDS["on"]
    consider: Consider = by_prompt
    merge: Merge = UNMERGED
    reorder: OrderSearch = UNSEARCHED
    stages: MakeStages = Stages.of
    calibrate: Calibrate = as_read


PAPER = Plugs()
