"""One run of the optimizer in a world: real loop, stages, adapters and gate; only the LM and the data are made up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean

import dspy

from metrics.metric import spearman
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.methods import groups_of, method_of, teleprompter
from programs.optimizer.modes import groups
from programs.optimizer.outcome import Outcome
from programs.optimizer.scoring import judge_rows, scores_of
from programs.optimizer.steps import Step
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.settings import Settings
from tests.world.engine import world_lm
from tests.world.rows import splits_of, task_of
from tests.world.speech import rubric_text
from tests.world.world import World

SIZES = {"train_size": 60, "val_size": 80, "test_size": 100, "steps": 8, "batch_size": 4}


@dataclass
class Trial:
    """The optimizer of `settings` in `world`. `steps` are kept as they come; `agreement` is measured on test rows."""

    world: World
    settings: Settings
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.task = task_of(self.world)
        self.calls = CallLog()
        self.roles = Roles.of(dict.fromkeys(ROLES, world_lm(self.world)), calls=self.calls, seed=self.settings.seed)
        self.pool = Pool(1, skipped=self.calls.skip)
        self.splits = splits_of(self.world, self.settings.train_size, self.settings.val_size, self.settings.test_size)
        start = Judge(self.task, **self.settings.form)
        self.start = start.with_groups(groups_of(self.settings, self.task.criterion_names))

    def run(self) -> Outcome:
        """What the optimizer finds."""
        method = method_of(self.settings, self.task, self.splits, self.steps.append)
        return method.search(
            self.start,
            trainset=self.splits.train,
            valset=self.splits.validation,
            roles=self.roles,
            pool=self.pool,
        )

    def agreement(self, judge: Judge, rows: Sequence[dspy.Example] | None = None) -> float:
        """Spearman with the raters on the test rows, mean over the criteria; a constant judge ranks nothing: 0."""
        rows = self.splits.test if rows is None else rows
        with self.roles.playing("judge"):
            scores = scores_of(judge, rows, judge_rows(judge, rows, self.pool))
        return mean(spearman(mine, theirs) or 0.0 for mine, theirs in zip(scores.judge.T, scores.human.T, strict=True))

    @property
    def gated(self) -> list[dspy.Example]:
        """The validation rows that are the gate's."""
        return teleprompter(self.settings).validation(self.splits.validation)[0]

    @property
    def ceiling(self) -> Judge:
        """Each criterion's judge by itself, told all the hidden rules: no rubric can do better, nothing interferes."""
        told = {
            name: rubric_text("Rate from 1 to 5.", {word: 1 if weight > 0 else -1 for word, weight in rules.items()})
            for name, rules in self.world.hidden.items()
        }
        return Judge(self.task, groups("S", self.task.criterion_names), told, **self.settings.form)


def trial(world: World, mode: str, **settings: object) -> Trial:
    """A trial at the usual sizes; world and run share a seed."""
    return Trial(world, Settings(mode=mode, seed=world.seed, **{**SIZES, **settings}))  # type: ignore[arg-type]
