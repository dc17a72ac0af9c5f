"""Calibration in a run: when a judge's maps are fitted, on which rows, and what is asked for it."""

from collections.abc import Callable, Sequence
from functools import partial

import dspy

from metrics.metric import RANKED
from metrics.score_calibration import fit
from metrics.score_maps import Calibration
from programs.optimizer.draws import draw
from programs.optimizer.estimate import Plan
from programs.optimizer.judge import Judge
from programs.optimizer.judged import Score
from programs.optimizer.scoring import scores_of
from programs.optimizer.turns import ORDERS_TRIED
from programs.settings import Settings
from signatures.records import Group

Spare = Callable[[Judge, Sequence[dspy.Example]], object]
"""A planned scoring that nothing depends on (see `Stages`)."""

Prompt = tuple[Group, tuple[str, ...]]
"""What a head's maps belong to: its criteria and their rubrics."""


class Uncalibrated:
    """Leaves judges as they are. `fits` counts how often rows were asked for."""

    fits = 0

    def __call__(self, judge: Judge) -> Judge:
        return judge

    def known(self, judge: Judge) -> Judge:
        """The same."""
        return judge

    def spare(self, judge: Judge) -> None:
        """Nothing was planned."""


UNCALIBRATED = Uncalibrated()


class Calibrator(Uncalibrated):
    """Calibrates judges on rated `rows`, each prompt once: what is known of a head is not fitted again.

    `score` asks for the rows' judgements, of which the run's log knows those that were made before (of the batches, so
    far as their judge is the same).
    """

    def __init__(self, method: str, rows: Sequence[dspy.Example], score: Score, spare: Spare) -> None:
        self._method = method
        self._rows = rows
        self._score = score
        self._spare = spare
        self._maps: dict[Prompt, Calibration] = {}

    def __call__(self, judge: Judge) -> Judge:
        """The judge with a map for every criterion; those that it has, or that are known of its prompts, stay."""
        found = self.known(judge)
        if missing := [group for group in judge.groups if _prompt(judge, group) not in self._maps]:
            self.fits += 1
            judgements = self._score(judge.with_calibration(None), self._rows)
            fitted = fit(self._method, scores_of(judge, self._rows, judgements))
            self._maps |= {_prompt(judge, group): fitted.only(group) for group in missing}
            found = self.known(judge)
        return found

    def known(self, judge: Judge) -> Judge:
        """The judge with the maps that are known of its prompts; nothing is asked."""
        for group in judge.groups:
            if judge.calibration is not None and judge.calibration.fitted >= set(group):
                self._maps.setdefault(_prompt(judge, group), judge.calibration.only(group))
        found = judge.calibration
        for group in judge.groups:
            if (maps := self._maps.get(_prompt(judge, group))) is not None:
                found = maps if found is None else found.with_more(maps)
        return judge if found == judge.calibration else judge.with_calibration(found)

    def spare(self, judge: Judge) -> None:
        """A fit that was planned and is not needed."""
        self._spare(judge.with_calibration(None), self._rows)


def _prompt(judge: Judge, group: Group) -> Prompt:
    return group, tuple(judge.rubric_of(group).values())


Calibrate = Callable[[Sequence[dspy.Example], Score, Spare, int], Uncalibrated]
"""Training rows, what scores them, what is told of scorings that are not needed, a seed -> what calibrates."""


def as_read(rows: Sequence[dspy.Example], score: Score, spare: Spare, seed: int) -> Uncalibrated:
    """The `calibrate` of the paper: none."""
    return UNCALIBRATED


def calibrating(method: str, most: int) -> Calibrate:
    """The `calibrate` of a method ("none" too), on at most so many training rows."""
    return as_read if method == "none" else partial(_calibrator, method, most)


def _calibrator(
    method: str, most: int, rows: Sequence[dspy.Example], score: Score, spare: Spare, seed: int
) -> Calibrator:
    """Its rows are those that the first batches draw, so that their judgements serve both."""
    return Calibrator(method, next(draw(rows, min(most, len(rows)), seed)), score, spare)


def calibrating_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """Rows are judged for the initial judge and once a step: by the proposal, or by the judge that is accepted.

    A merged judge, and one with another order of criteria, has its own map too. Where judges are not compared by ranks,
    so has each that is tried on the way: recombinations, orders, and the parts of a proposal that is divided.
    """
    ranks = settings.gate in RANKED
    parts = settings.gate_by == "criterion" and not ranks
    tries = len(plan.criteria) if settings.merge_tries is None else settings.merge_tries
    merged = 0 if settings.merge == "none" else 1 if ranks else 1 + tries
    turned = 0 if settings.order != "search" else 1 if ranks else 1 + (settings.orders_tried or ORDERS_TRIED)
    return {
        "judge": plan.heads * (1 + plan.steps * (1 + parts) + merged + turned) * fit_rows(settings, plan.train_rows)
    }


def fit_rows(settings: Settings, trained: int) -> int:
    """How many of the training rows a fit takes."""
    return 0 if settings.calibrate == "none" else min(settings.calibrate_rows, trained)
