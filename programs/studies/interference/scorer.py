"""Scores of rows under any prompt of the experiment, asked once, and only where no run has asked it before."""

from collections.abc import Mapping, Sequence

import dspy

from metrics.scores import Scores
from programs.backends.roles import Roles
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows, scores_of
from programs.records.budget import Budget
from programs.records.calls import CallLog
from programs.screen import Screen, token_sum
from programs.settings import Settings
from programs.tasks.task import Task
from signatures.records import Rubric


class Scorer:
    """Asks as the runs of each seed did (`settings`: seed -> theirs), so that their answers are found again.

    `missing` counts the requests so far whose answer was not known, when `calls` may not send any.
    """

    def __init__(
        self, task: Task, settings: Mapping[int, Settings], calls: CallLog, budget: Budget, screen: Screen
    ) -> None:
        self.task = task
        self.missing = 0
        self._settings = settings
        self._calls = calls
        self._roles = {seed: cast_roles(each, calls, budget) for seed, each in settings.items()}
        self._screen = screen
        self._known: dict[tuple[object, ...], Scores] = {}
        screen.tokens = lambda: token_sum(calls.summary())

    def scores(self, seed: int, rubric: Rubric, rows: Sequence[dspy.Example]) -> Scores:
        """One prompt with the criteria of `rubric`, in the task's order; the other criteria's columns are NaN."""
        held = {name: rubric[name] for name in self.task.criterion_names if name in rubric}
        place = (seed, *held.items(), *(row["row_id"] for row in rows))
        if place not in self._known:
            self._known[place] = self._asked(self._roles[seed], self._settings[seed], held, rows)
        return self._known[place]

    def _asked(self, roles: Roles, settings: Settings, rubric: Rubric, rows: Sequence[dspy.Example]) -> Scores:
        form = settings.form
        form["adapter"] = settings.adapter  # what is measured is a prompt that holds them all once,
        form.pop("order", None)  # and in one order, whatever the judges of the runs do
        judge = Judge(self.task, [tuple(rubric)], rubric, **form)
        before = self._answered()
        with roles.playing("judge"):
            judgements = judge_rows(judge, rows, Pool(settings.threads, self._screen.started), "+".join(rubric))
        self.missing += len(rows) - (self._answered() - before)
        return scores_of(judge, rows, judgements)

    def _answered(self) -> int:
        tally = self._calls.tallies.get("judge")
        return tally.calls - tally.failed + tally.reused if tally else 0
