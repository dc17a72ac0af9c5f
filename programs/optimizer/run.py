"""One run from settings to a judge and an honest report: what `optimize.py` and studies call."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from metrics.ceiling import ceiling
from metrics.summary import difference, point_values, summarize
from programs.backends.roles import Roles
from programs.diagnostics.live import LiveDiagnosis
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.forecast import spending
from programs.optimizer.front import front_summary, save_judges
from programs.optimizer.heads import MEASURED
from programs.optimizer.incumbent import Incumbent
from programs.optimizer.judge import Judge
from programs.optimizer.keep import optimism
from programs.optimizer.methods import calibrator_of, initial_judge, method_of, most_calls, report_of
from programs.optimizer.modes import parse_mode
from programs.optimizer.outcome import Outcome
from programs.optimizer.pairs_first import Clusters, measured, unmeasured
from programs.optimizer.pricing import budget_of
from programs.optimizer.readouts import Read, beside_summary, read
from programs.optimizer.rows.anchors import rows_summary
from programs.optimizer.scoring import Scoring, refuse_silence
from programs.optimizer.steps import Step, step_record, told_in_all, whats_next
from programs.optimizer.tested import write_found
from programs.optimizer.testing import Testing
from programs.optimizer.timing import timed
from programs.records.budget import OutOfBudget
from programs.records.calls import ALONE, CallLog, Known, Links
from programs.records.folder import RunFolder
from programs.records.spending import carried
from programs.screen import Screen, token_sum
from programs.scrutiny.of_run import run_scrutiny
from programs.settings import Settings
from programs.tasks.splits import Splits
from programs.tasks.task import Task
from signatures.records import Judgement

Result = TypeVar("Result")


@dataclass(frozen=True)
class Material:
    """What a run works on: its task and the rows of each split."""

    task: Task
    splits: Splits


def optimize(
    settings: Settings,
    material: Material,
    folder: RunFolder,
    screen: Screen,
    shared: Known | None = None,
    links: Links = ALONE,
) -> dict[str, Any]:
    """Runs (or resumes) the optimization in `folder` and returns what summary.json holds.

    The initial judge and the kept one are scored on the same test rows, which nothing else looks at. `shared` knows
    answers that other runs have paid for, `links` says who else this run's calls concern. Raises `dspy.LMError` when
    the LMs fail for good; the folder can then be resumed.
    """
    begun = time.monotonic()
    calls = CallLog(
        folder.calls, keep_prompts=settings.save_prompts, reuse=settings.reuse == "on", shared=shared, links=links
    )
    try:
        budget = carried(budget_of(settings), [folder.calls])
        return timed(Run(settings, material, folder, screen, cast_roles(settings, calls, budget)), calls, begun)
    finally:
        calls.close()


class Run:
    """The parts of one run: the test scorings around the search, and the files that it leaves."""

    def __init__(self, settings: Settings, material: Material, folder: RunFolder, screen: Screen, roles: Roles) -> None:
        self.planned = self.settings = settings
        self.task, self.splits = material.task, material.splits
        self.folder, self.screen, self.roles = folder, screen, roles
        self.pool = Pool(settings.threads, screen.started, roles.calls.skip)
        self.optimizer = method_of(settings, material.task, material.splits, self._on_step)
        self.calibrate = calibrator_of(settings, self.splits, roles, self.pool)
        self.diagnosis = LiveDiagnosis(settings, material.task, folder, roles, self.pool)
        at_once = settings.limited or not settings.stepwise  # peers go on by themselves, whatever they are told
        self.testing = Testing(self.splits.test, self.pool, self._record, at_once=at_once)
        self.most = most_calls(settings, material.task, material.splits)
        self.refused: Counter[str] = Counter()
        self.steps: list[Step] = []
        self.stopped: str | None = None
        self.clusters: Clusters | None = None

    def whole(self) -> dict[str, Any]:
        """Test, search, save, test, report. A reached budget or Ctrl-C ends it early with what is known by then."""
        self.screen.tokens = lambda: token_sum(self.roles.calls.summary())
        self.screen.expect(sum(self.most.values()))
        self.folder.start_steps()
        self._divide()
        start = self._calibrated(initial_judge(self.settings, self.task, self.splits))
        try:
            outcome = self._search(start)
            save_judges(outcome, self.settings, self.optimizer.metric, self.folder)
            after = self._test(outcome.judge)
            self._until_stopped(self.testing.settle)
        finally:
            self.pool.land()
        before = self.testing.found.pop("0", None) or self._scores(start)
        summary = self._summary(before, after, outcome)
        write_found(self.folder, self.splits.test, {"0": before, **self.testing.found, "kept": after}, summary)
        if self.stopped == "interrupted":
            raise KeyboardInterrupt
        return summary

    def _divide(self) -> None:
        """Of bare `--judge clusters` the pairs are judged first; from here on the run is one with the groups found."""
        if self.settings.judge == MEASURED:
            self.screen.at("pairs of criteria")
            with self.roles.playing("judge"):
                found = self._until_stopped(lambda: measured(self.settings, self.task, self.splits, self.pool))
            self.clusters = found or unmeasured(self.task.criterion_names)
            self.settings = self.clusters.settings(self.settings)
            self.optimizer = method_of(self.settings, self.task, self.splits, self._on_step)

    def _calibrated(self, judge: Judge) -> Judge:
        """With maps of its own, fitted on what is known of the training rows where the run is stopped before that."""
        return self._until_stopped(lambda: self.calibrate(judge)) or self.calibrate(judge)

    def _search(self, start: Judge) -> Outcome:
        """Begins when a reply to the test of the initial judge held a score, and goes on beside it."""
        if self.stopped is None:
            self._until_stopped(lambda: self._begin_test("0", start, "test, before").wait_for_score())
        if self.stopped is not None:
            return Incumbent(start, (), lambda judge, rows: [], self.optimizer.metric).outcome("last")
        self.screen.at("initial judge")
        outcome = self.optimizer.search(
            start, trainset=self.splits.train, valset=self.splits.validation, roles=self.roles, pool=self.pool
        )
        if outcome.stopped is not None:
            self._stop(outcome.stopped)
        return replace(outcome, judge=self._calibrated(outcome.judge))

    def _begin_test(self, name: str, judge: Judge, where: str) -> Scoring:
        self.screen.at(where)
        return self.roles.cast("judge", self.testing.begin)(name, judge)

    def _test(self, judge: Judge) -> Read:
        """The kept judge's scores of the test rows, whatever is known of them when the run is stopped in the middle."""
        self.screen.at("test, after")
        check = refuse_silence if self.stopped is None else lambda _: None
        return self._until_stopped(lambda: self._scores(judge, check)) or self._scores(judge)

    def _until_stopped(self, act: Callable[[], Result]) -> Result | None:
        """What `act` gives, or None where a limit or Ctrl-C stopped the run in it."""
        try:
            return act()
        except (OutOfBudget, KeyboardInterrupt) as stop:
            self._stop("budget" if isinstance(stop, OutOfBudget) else "interrupted")
            return None

    def _scores(self, judge: Judge, check: Callable[[list[Judgement]], None] = lambda _: None) -> Read:
        with self.roles.playing("judge"):
            judgements = self.testing.now(judge)
        if self.stopped is None:
            self.roles.refuse_trouble("judge")
        check(judgements)
        return read(judge, self.splits.test, judgements)

    def _stop(self, reason: str) -> None:
        """From here on nothing is sent: rows whose answers are not known stay unscored."""
        if reason == "budget" and self.roles.calls.failing is not None:  # its retries used the budget up
            raise self.roles.calls.failing
        self.stopped = self.stopped or reason
        self.roles.calls.known_only = True
        self.pool.land()
        self.testing.leave()

    def _on_step(self, step: Step) -> None:
        if self.settings.tests_after(step.number):
            self._begin_test(str(step.number), step.judge, f"test, step {step.number}")
        self.steps.append(step)
        self.refused.update(refusal.reason for refusal in step.refused.values())
        self.testing.see(step)
        self.diagnosis.see(step_record(step))
        self.screen.at(whats_next(self.settings, step.number))

    def _record(self, step: Step, tested: Read | None) -> None:
        self.folder.add_step(step_record(step, point_values(tested.scores) if tested else None))

    def _summary(self, before: Read, after: Read, outcome: Outcome) -> dict[str, Any]:
        seed, metric = self.settings.seed, self.optimizer.metric
        return {
            "mode": parse_mode(self.settings.mode).name,
            "method": report_of(self.optimizer, self.settings),
            "task": self.task.name,
            "seed": seed,
            "stopped": self.stopped,
            "before": summarize(before.scores, seed=seed),
            "after": summarize(after.scores, seed=seed),
            "difference": difference(before.scores, after.scores, seed=seed),
            **beside_summary(self.settings.calibrate, before, after, seed),
            "ceiling": ceiling({"before": before.scores, "after": after.scores}, seed=seed),
            "kept": [{"group": list(group), "step": chosen.step} for group, chosen in outcome.chosen.items()],
            "refused": dict(self.refused),
            **({"clusters": self.clusters.record} if self.clusters else {}),
            **({"remedies": told} if (told := told_in_all(self.steps)) else {}),
            **front_summary(outcome, self.settings, metric, self.folder),
            "optimism": optimism(outcome.chosen.values(), after.compared(metric), metric),
            "scrutiny": run_scrutiny(before.scores, after.scores, outcome, self.splits, metric, seed),
            **rows_summary(self.task, self.splits),
            "estimate": self.most,
            "calls": self.roles.calls.summary(),
            "spending": spending(self.planned, self.task, self.splits, self.most, self.roles.calls, self.folder.calls),
            **({"failures": failures} if (failures := self.roles.calls.failed()) else {}),
        }
