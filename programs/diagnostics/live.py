"""Diagnostics during a run (`--rate-every N`): every N-th step's notes are rated as soon as they are written."""

from collections.abc import Mapping, Sequence
from typing import Any

from programs.backends.roles import Roles
from programs.diagnostics.bound import rating_calls, step_calls
from programs.diagnostics.calibrate import calibrate
from programs.diagnostics.diagnosis import Diagnosis, Origin, RaterName, write_diagnosis
from programs.diagnostics.notes import StepNotes, steps_of
from programs.diagnostics.rater import Rater
from programs.optimizer.fan_out import Pool
from programs.records.folder import RunFolder
from programs.settings import Settings
from programs.studies.cost import costs_of
from programs.tasks.task import Task
from signatures.records import Note


class LiveDiagnosis:
    """Takes the records of steps.jsonl as they are written; diagnostics.json grows with every rated step.

    The rater is calibrated before the first. With `--rate-every 0` nothing is asked.
    """

    def __init__(self, settings: Settings, task: Task, folder: RunFolder, roles: Roles, pool: Pool) -> None:
        self._settings = settings
        self._origin = Origin.of(settings, task)
        self._rater = Rater.of(settings, task, roles, pool.beside())  # the run's places stay its own
        self._folder = folder
        self._last: Mapping[str, Any] | None = None
        self._diagnosis: Diagnosis | None = None

    def see(self, record: Mapping[str, Any]) -> None:
        """A step's record, in order; rated where its turn has come."""
        last, self._last = self._last, record
        every, steps = self._settings.rate_every, self._settings.steps
        if last is None or not every or record["step"] % every or record["step"] > steps:  # merging rewrites nothing
            return
        found, rated = self._diagnosis or self._begun(), steps_of([{**last, "gradients": []}, record])
        for step in rated:
            found = found.plus(len(step.gradients), self._rater.step(step, step.gradients), self._rater.rewrites(step))
        self._skip([(step, step.gradients) for step in rated])
        self._diagnosis = found.with_costs(costs_of(self._folder.calls).get("rater", {}))
        write_diagnosis(self._folder.diagnostics, self._diagnosis)

    def _skip(self, steps: Sequence[tuple[StepNotes, Sequence[Note]]]) -> None:
        """Calls were planned for as many suggestions as a note may hold."""
        task = self._rater.task
        asked = rating_calls(task, self._rater.orders, steps)
        self._rater.roles.calls.skip("rater", step_calls(self._settings, task) - asked)

    def _begun(self) -> Diagnosis:
        name = RaterName.of(self._rater.roles, self._rater.orders)
        return Diagnosis(self._origin, name, calibrate(self._rater))
