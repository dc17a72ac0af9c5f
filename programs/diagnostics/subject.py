"""One run to rate: its notes, the rater that the flags or the run itself name, and the rating."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from programs.diagnostics.bound import calibration_calls, rating_calls
from programs.diagnostics.calibrate import calibrate
from programs.diagnostics.diagnosis import Diagnosis, Origin, RaterName, write_diagnosis
from programs.diagnostics.notes import StepNotes, limited, read_steps
from programs.diagnostics.places import Place
from programs.diagnostics.rater import Rater
from programs.errors import UserError
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.records.calls import CallLog, Known
from programs.records.folder import read_json, write_json
from programs.screen import Screen, token_sum
from programs.settings import ROLE_NAMES, Settings
from programs.studies.cost import costs_of
from programs.tasks.task import Task
from signatures.records import Note


class NoFeedback(UserError):
    """The run has written no feedback: it took no step, or its optimizer writes none."""


@dataclass(frozen=True)
class Subject:
    """A run with the notes of each step that are to be rated; `settings` name no LM but the rater's."""

    place: Place
    task: Task
    origin: Origin
    settings: Settings
    steps: Sequence[tuple[StepNotes, Sequence[Note]]]

    @property
    def bound(self) -> int:
        """The most LM calls."""
        orders = self.settings.rate_orders
        return calibration_calls(self.task, orders) + rating_calls(self.task, orders, self.steps)


def subject_of(place: Place, flags: Mapping[str, Any], limit: int | None) -> Subject:
    """Reads the run. Raises UserError where its files are damaged, and NoFeedback where they hold no notes."""
    config = read_json(place.folder.config)
    try:
        stored, task = dict(config["settings"]), Task.from_dict(config["task"], str(place.folder.config))
        origin = Origin.of(_known(stored), task)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{place.folder.config} is damaged ({error}): restore it, or start a new run") from None
    settings = rater_settings(stored, flags)
    steps = read_steps(place.folder.steps)
    if not steps:
        raise NoFeedback(f"{place.folder.path} has written no feedback: there is nothing to rate, give another run")
    return Subject(place, task, origin, settings, limited(steps, limit, flags.get("seed", origin.seed)))


def rater_settings(stored: Mapping[str, Any], flags: Mapping[str, Any]) -> Settings:
    """The run's settings with the flags over them, and the rater's LM as that of all roles: no other is asked.

    An LM that the flags name takes no server from the run.
    """
    name = flags.get("rater_lm") or flags.get("lm")
    base = flags.get("rater_api_base") or flags.get("api_base")
    if name is None:
        name = stored.get("rater_lm") or stored.get("lm", Settings.lm)
        base = base or stored.get("rater_api_base") or (None if stored.get("rater_lm") else stored.get("api_base"))
    limits = {f"max_{what}": flags.get(f"max_{what}") for what in ("calls", "tokens", "minutes", "cost")}
    own = {name: value for name, value in flags.items() if not name.endswith(("lm", "api_base", "seed"))}
    nobody = {f"{role}_{part}": None for role in ROLE_NAMES for part in ("lm", "api_base", "price_in", "price_out")}
    limits |= {f"price_{side}": flags.get(f"price_{side}", stored.get(f"rater_price_{side}")) for side in ("in", "out")}
    return _known({**stored, **limits, **own, **nobody, "lm": name, "api_base": base, "rate_every": 0})


def rate(subject: Subject, screen: Screen, shared: Known | None) -> Diagnosis:
    """Asks the rater what it has not been asked yet, and writes diagnostics.json.

    Raises `dspy.LMError` when the rater fails for good, and OutOfBudget: what was paid for is kept.
    """
    folder, settings = subject.place.folder, subject.settings
    with folder:
        calls = CallLog(folder.calls, keep_prompts=settings.save_prompts, shared=shared)
        try:
            roles = cast_roles(settings, calls)
            screen.tokens = lambda: token_sum(calls.summary())
            rater = Rater.of(settings, subject.task, roles, Pool(settings.threads, screen.started))
            diagnosis = Diagnosis(subject.origin, RaterName.of(roles, settings.rate_orders), calibrate(rater))
            for step, chosen in subject.steps:
                diagnosis = diagnosis.plus(len(step.gradients), rater.step(step, chosen), rater.rewrites(step))
        finally:
            calls.close()
            costs = _update_costs(subject)
        diagnosis = diagnosis.with_costs(costs)
        write_diagnosis(folder.diagnostics, diagnosis)
    return diagnosis


def _update_costs(subject: Subject) -> Mapping[str, int]:
    """The rater's part of the call log; a study's cell keeps it with its other costs."""
    found = costs_of(subject.place.folder.calls).get("rater", {})
    file = subject.place.folder.path / "cost.json"
    if found and file.is_file():
        write_json(file, {**read_json(file), "rater": found})
    return found


def _known(settings: Mapping[str, Any]) -> Settings:
    names = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in settings.items() if name in names})
