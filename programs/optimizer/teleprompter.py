"""The optimizer: textual gradients for a judge of several criteria."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import dspy
from dspy.teleprompt import Teleprompter

from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer.draws import divide, numbered
from programs.optimizer.fan_out import Pool
from programs.optimizer.gate import Accept, accepting, gate
from programs.optimizer.gate_by import Proposed
from programs.optimizer.heads import OWN, known_groups, layout
from programs.optimizer.incumbent import Incumbent
from programs.optimizer.judge import Judge
from programs.optimizer.keep import most_finalists
from programs.optimizer.modes import Mode, groups, parse_mode
from programs.optimizer.outcome import Outcome
from programs.optimizer.part import of_criteria
from programs.optimizer.plugs import PAPER, Moment, Plugs, Search
from programs.optimizer.race import Look, race, require_probable, single_look
from programs.optimizer.schedule import weakest_first
from programs.optimizer.stages import Batch
from programs.optimizer.steps import Step
from programs.records.budget import OutOfBudget


class TextualGradient(Teleprompter):
    """Rewrites a judge's rubrics from textual gradients ("When Gradients Collide", arXiv 2605.26046).

    `mode` names the stages that handle the criteria jointly (Single, SSS, SSC, SCC, CCC); `judge` may divide them among
    the judge's calls in another way (see `programs.optimizer.heads`). `gate` and `accept` decide whether a rewrite is
    kept (see `programs.optimizer.gate.gate`); `accept` may also be a function of that shape.
    With `race` the gate judges validation rows block by block, until the decision is clear (see `race`).
    `keep` is "best" or "last"; `reserve` the share of the validation rows set aside to choose among the best.
    `plugs` are functions that take the place of the paper's in the loop (see `programs.optimizer.plugs`).
    An LM not given by role is `reflection_lm` (loss, gradient, rewrite) and then `dspy.settings.lm`.
    """

    def __init__(
        self,
        mode: str = "SSC",
        *,
        judge: str = OWN,
        steps: int = 4,
        batch_size: int = 3,
        gate: str = "spearman",
        accept: str | Accept = "probable",
        threshold: float = 0.8,
        race: bool = False,
        keep: str = "best",
        reserve: float = 0.5,
        seed: int = 0,
        threads: int = 8,
        judge_lm: dspy.LM | None = None,
        reflection_lm: dspy.LM | None = None,
        loss_lm: dspy.LM | None = None,
        gradient_lm: dspy.LM | None = None,
        rewrite_lm: dspy.LM | None = None,
        temperatures: Mapping[str, float] | None = None,
        plugs: Plugs = PAPER,
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        super().__init__()
        self.mode, self.judge, self.steps, self.batch_size = mode, judge, steps, batch_size
        self.gate, self.accept = gate, accept
        self.threshold, self.race = threshold, race
        self.keep, self.reserve = keep, reserve
        self.seed, self.threads = seed, threads
        self.lms = {
            "judge": judge_lm,
            "loss": loss_lm or reflection_lm,
            "gradient": gradient_lm or reflection_lm,
            "rewrite": rewrite_lm or reflection_lm,
        }
        self.temperatures, self.plugs, self.on_step = temperatures, plugs, on_step

    def compile(
        self,
        student: Judge,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example] | None = None,
        teacher: object = None,
    ) -> Judge:
        """A copy of `student` with optimized rubrics; `student` stays as it is.

        Rows hold the judge's inputs, one human rating per criterion, a unique `row_id`, and a `document_id` where
        several rows share a source. `valset` is needed unless nothing is gated or chosen on it.
        """
        outcome = self.search(student, trainset=trainset, valset=valset or ())
        if outcome.stopped == "interrupted":
            raise KeyboardInterrupt
        outcome.judge._compiled = True
        return outcome.judge

    def search(
        self,
        student: Judge,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example] = (),
        roles: Roles | None = None,
        pool: Pool | None = None,
        rated: Sequence[dspy.Example] | None = None,
    ) -> Outcome:
        """`compile` with everything that was found on the way. `roles` carries a run's LMs and call log. Judges are
        calibrated on `rated`, the training rows as their raters have them, if `trainset` has other ratings.

        When a budget ends, or on Ctrl-C, the outcome is the best so far, and says what stopped it.
        """
        mode, names = parse_mode(self.mode), student.task.criterion_names
        roles = roles or Roles.of(self.lms, seed=self.seed, temperatures=self.temperatures)
        trainset, (gated, reserved) = numbered(trainset), self.validation(numbered(valset))
        pool = pool or Pool(self.threads, skipped=roles.calls.skip)
        search = Search(roles, pool, self.plugs.stages(roles, pool, student.schema), trainset, self.seed)
        start = student.with_groups(known_groups(self.judge, mode, names), layout(self.judge, student.adapter))
        judge, spare = search.stages.judge, search.stages.spare
        calibrate = self.plugs.calibrate(numbered(rated or trainset), judge, spare, self.seed)
        incumbent = Incumbent(start, gated, judge, self.metric, spare, calibrate)
        try:
            looks = self.looks(gated)
            self._descend(mode, incumbent, search, looks)
            self._merge(incumbent, search, looks[-1].accept)
            outcome = incumbent.outcome(self.keep, reserved, most_finalists(self.steps) + self.plugs.merge.on)
            return self._reorder(outcome, incumbent, reserved, search)
        except OutOfBudget:
            return incumbent.outcome(self.keep, stopped="budget")
        except KeyboardInterrupt:
            return incumbent.outcome(self.keep, stopped="interrupted")

    def _descend(self, mode: Mode, incumbent: Incumbent, search: Search, looks: Sequence[Look]) -> None:
        """The loop: judge, loss, gradient, resolve, rewrite, constrain, guard, gate, record."""
        names, stages, plugs = incumbent.judge.task.criterion_names, search.stages, self.plugs
        incumbent.begin()
        weakest = weakest_first(incumbent.validation, self.metric, names)
        self._tell(Step(0, incumbent.judge, validation=incumbent.validation, spent=search.lap()))
        batches = plugs.batches(
            search,
            self.batch_size,
            lambda: incumbent.judge,
            lambda step: plugs.schedule(step, names, weakest),
        )
        for number, rows in enumerate(islice(batches, self.steps), start=1):
            judge, focus = incumbent.judge, plugs.schedule(number, names, weakest)
            batch = Batch(rows, stages.judge(of_criteria(judge, focus), rows))
            losses = stages.loss(judge, batch, groups(mode.loss, focus))
            moment = Moment(search, number, judge, batch, losses)
            gradients = plugs.resolve(moment.backward(groups(mode.gradient, focus)), moment)
            rewritten = stages.rewrite(judge, batch, gradients, groups(mode.rewrite, focus))
            proposal, refused = plugs.guard(judge, batch, plugs.constrain(rewritten, gradients, moment))
            verdicts = plugs.consider(incumbent, Proposed(number, proposal, focus, looks, moment.told))
            self._tell(
                Step(
                    number,
                    incumbent.judge,
                    batch=batch,
                    losses=losses,
                    gradients=moment.written,
                    applied=gradients,
                    proposal=proposal,
                    refused=refused,
                    verdicts=verdicts,
                    validation=incumbent.validation,
                    told=moment.told,
                    spent=search.lap(),
                )
            )

    def _merge(self, incumbent: Incumbent, search: Search, accept: Accept) -> None:
        """What comes after the last step is told as one more."""
        if not self.plugs.merge.on:
            return
        number, told = self.steps + 1, {"merge": self.plugs.merge(incumbent, self.steps + 1, accept, self.metric)}
        self._tell(Step(number, incumbent.judge, validation=incumbent.validation, told=told, spent=search.lap()))

    def _reorder(
        self, outcome: Outcome, incumbent: Incumbent, reserved: Sequence[dspy.Example], search: Search
    ) -> Outcome:
        """The outcome with its criteria in the best order, told as one step more."""
        if not self.plugs.reorder.tried:
            return outcome
        found, told = self.plugs.reorder(outcome, incumbent, reserved, self.metric, self.seed)
        number, values = self.steps + self.plugs.merge.on + 1, told.get("kept", {})
        self._tell(Step(number, found.judge, validation=values, told={"order": told}, spent=search.lap()))
        return found

    @property
    def acceptance(self) -> Accept | None:
        """The gate as a function, or None where every rewrite is kept."""
        if callable(self.accept):
            return self.accept
        return gate(self.gate, self.accept, self.threshold, self.seed)

    def looks(self, rows: Sequence[dspy.Example]) -> list[Look]:
        """When the gate compares: once, on all its rows, or at the looks of a race. Raises UserError for a race by
        another rule than `probable`."""
        if not self.race or self.gate == "none":
            return single_look(self.acceptance, rows)
        require_probable(self.accept)
        return race(lambda over: accepting(self.gate, "probable", over, self.seed), self.threshold, rows)

    @property
    def metric(self) -> str:
        """The metric that judges are chosen by: the gate's, or Spearman where there is no gate."""
        return "spearman" if self.gate == "none" else self.gate

    def validation(self, rows: Sequence[dspy.Example]) -> tuple[list[dspy.Example], list[dspy.Example]]:
        """The validation rows for the gate, and those reserved for the choice among the best."""
        if self.gate == "none" and self.keep == "last" and not callable(self.accept):
            return [], []
        if len(rows) < 2:
            raise UserError("the gate and the choice of the best need validation rows: give valset (--val-size)")
        return divide(rows, self.reserve if self.keep == "best" else 0.0)

    def _tell(self, step: Step) -> None:
        if self.on_step is not None:
            self.on_step(step)
