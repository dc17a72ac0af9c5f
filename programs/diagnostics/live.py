"""Diagnostics during a run (`--rate-every N`): every N-th step's notes are rated as soon as they are written."""

from collections.abc import Mapping
from typing import Any

from programs.backends.roles import Roles
from programs.diagnostics.calibrate import calibrate
from programs.diagnostics.diagnosis import Diagnosis, Origin, RaterName, write_diagnosis
from programs.diagnostics.notes import steps_of
from programs.diagnostics.rater import Rater
from programs.optimizer.fan_out import Pool
from programs.records.folder import RunFolder
from programs.settings import Settings
from programs.studies.cost import costs_of
from programs.tasks.task import Task


class LiveDiagnosis:
    """Takes the records of steps.jsonl as they are written; diagnostics.json grows with every rated step.

    The rater is calibrated before the first. With `--rate-every 0` nothing is asked.
    """

    def __init__(self, settings: Settings, task: Task, folder: RunFolder, roles: Roles, pool: Pool) -> None:
        self._every = settings.rate_every
        self._origin = Origin.of(settings, task)
        self._rater = Rater.of(settings, task, roles, pool)
        self._folder = folder
        self._last: Mapping[str, Any] | None = None
        self._diagnosis: Diagnosis | None = None

    def see(self, record: Mapping[str, Any]) -> None:
        """A step's record, in order; rated where its turn has come."""
        last, self._last = self._last, record
        number = record["step"]
        if last is None or not self._every or number % self._every:
            return
        for step in steps_of([{**last, "gradients": []}, record]):
            known = self._diagnosis or self._begun()
            rated = known.plus(len(step.gradients), self._rater.step(step, step.gradients), self._rater.rewrites(step))
            self._diagnosis = rated.with_costs(costs_of(self._folder.calls).get("rater", {}))
            write_diagnosis(self._folder.diagnostics, self._diagnosis)

    def _begun(self) -> Diagnosis:
        name = RaterName.of(self._rater.roles, self._rater.orders)
        return Diagnosis(self._origin, name, calibrate(self._rater))
