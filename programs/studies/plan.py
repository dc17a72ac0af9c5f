"""What a study compares: lists of modes, gates, seeds and tasks over one set of settings, and arms; and their cells."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from programs.errors import UserError, suggest
from programs.flags import whole
from programs.optimizer.gate import gate
from programs.optimizer.modes import MODES, parse_mode
from programs.settings import CONTROLS, OPTIMIZERS, PRESETS, Settings, resolve
from programs.stored import CHANGEABLE
from programs.studies.arms import arm_flags, arms_of, grown
from programs.studies.cell import EVAL_EVERY, OWN_TABLE, Cell

LISTS = ("modes", "gates", "seeds", "tasks", "data", "optimizers", "controls")
"""What a study may have several of."""

OF_ARMS = ("arms", "equal_calls")


@dataclass(frozen=True)
class Study:
    """Everything that decides what a study does; `settings` are the flags that all cells share, as they were given.

    `arms` are their own flags by name, `equal_calls` the arm whose calls the others are given (empty: their own).
    """

    modes: tuple[str, ...]
    gates: tuple[str, ...]
    seeds: tuple[int, ...]
    tasks: tuple[str, ...]
    data: tuple[str, ...]
    settings: Mapping[str, Any]
    optimizers: tuple[str, ...] = ("textgrad",)
    controls: tuple[str, ...] = ()
    arms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    equal_calls: str = ""

    def cells(self) -> list[Cell]:
        """Task by task and seed by seed, so that cells which share answers follow each other."""
        sources = zip(self.tasks, self.data, strict=True)
        return [
            cell
            for source, seed in product(sources, self.seeds)
            for cell in (
                *(Cell(*source, mode, gate, seed, *method) for mode, gate, method in self.runs()),
                *(self.arm(name, source, seed) for name in self.arms),
            )
        ]

    def arm(self, name: str, source: tuple[str, str], seed: int) -> Cell:
        """The cell of an arm; `source` is its task and data."""
        own = self.arms[name]
        return Cell.of_arm(source, seed, name, own, arm_flags(own, self.settings, self.reference))

    def runs(self) -> list[tuple[str, str, tuple[str, str]]]:
        """Mode, gate, and optimizer with control, of one task's and seed's runs: all modes and gates, then each peer
        and control once, for the reference mode and gate."""
        textual = product(self.modes, self.gates, [("textgrad", "none")]) if "textgrad" in self.optimizers else ()
        peers = [(optimizer, "none") for optimizer in self.optimizers if optimizer != "textgrad"]
        controls = [("textgrad", control) for control in self.controls]
        return [*textual, *((*self.reference, method) for method in (*peers, *controls))]

    @property
    def reference(self) -> tuple[str, str]:
        """Whose LM calls peers and controls are given, and what arms are of that say nothing else: SSC or the first
        joint mode, and the first gate that is one."""
        joint = [mode for mode in self.modes if parse_mode(mode).judge == "C"]
        mode = Settings.mode if Settings.mode in joint else [*joint, *self.modes, Settings.mode][0]
        gate = PRESETS[self.settings.get("preset", Settings.preset)].get("gate", Settings.gate)
        return mode, [*(gate for gate in self.gates if gate != "none"), *self.gates, gate][0]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def study_of(given: Mapping[str, Any]) -> Study:
    """The study that the flags describe. Raises UserError for lists, arms and names that cannot work."""
    settings = {name: value for name, value in given.items() if name not in (*LISTS, *OF_ARMS)}
    if "ratings" in settings:
        settings["ratings"] = str(Path(settings["ratings"]).resolve())
    resolve(settings)
    arms, tasks = given.get("arms", {}), _tasks(given, settings)
    crossed = not arms or "modes" in given  # arms stand for themselves, unless modes are asked for beside them
    study = Study(
        modes=_listed(given, "modes", tuple(MODES) if crossed else (), lambda text: parse_mode(text).name),
        gates=_listed(given, "gates", ("none", "mae") if crossed else (), _gate),
        seeds=_listed(given, "seeds", (0, 1, 2), whole(0)),
        tasks=tasks,
        data=_data(given.get("data"), tasks),
        settings=settings,
        optimizers=_listed(given, "optimizers", ("textgrad",), partial(_known, OPTIMIZERS)),
        controls=_listed(given, "controls", (), partial(_known, CONTROLS)),
        equal_calls=given.get("equal_calls", ""),
    )
    study = replace(study, arms=arms_of(arms, settings, study.reference))
    _check_names(study)
    return study


def _check_names(study: Study) -> None:
    if study.equal_calls and study.equal_calls not in study.arms:
        names = list(study.arms)
        near = suggest(study.equal_calls, names)
        raise UserError(f"--equal-calls: no arm '{study.equal_calls}': use {', '.join(names) or 'it with arms'}{near}")
    found = [cell.id for cell in study.cells()]
    if twice := [name for place, name in enumerate(found) if name in found[:place]]:
        raise UserError(f"two cells would be called {twice[0]}: rename the arm")


def continued(stored: Mapping[str, Any], given: Mapping[str, Any], where: Path) -> Study:
    """The study of a study.json with the changeable flags given anew, and with further seeds and arms where they are
    given; any other difference is refused."""
    try:
        stored = stored["study"]
        stored = {"optimizers": ("textgrad",), "controls": (), "arms": {}, "equal_calls": "", **stored}
        lists: dict[str, Any] = {name: tuple(stored[name]) for name in LISTS}
        lists |= {"arms": {**stored["arms"]}, "equal_calls": str(stored["equal_calls"])}
        before = Study(**lists, settings=dict(stored["settings"]))
        effective = {"eval_every": EVAL_EVERY, **before.settings}
        effective = {**vars(resolve(effective)), **effective}
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{where} is damaged ({error}): restore it, or start a new study with another --run") from None
    now = study_of({**_as_given(before), **given})
    for name in (*LISTS, "equal_calls"):
        if getattr(now, name) != getattr(before, name) and not (name == "seeds" and set(now.seeds) > set(before.seeds)):
            _refuse(name, _text(getattr(now, name)), _text(getattr(before, name)))
    grown(before.arms, now.arms)
    for name, value in given.items():
        if name in effective and name not in (*CHANGEABLE, "data", "ratings") and effective[name] != value:
            _refuse(name, value, effective[name])
    changed = {name: value for name, value in given.items() if name in CHANGEABLE}
    return replace(before, seeds=now.seeds, arms=now.arms, settings={**before.settings, **changed})


def _as_given(study: Study) -> dict[str, Any]:
    lists = {name: _text(getattr(study, name)) for name in LISTS if name != "tasks" and getattr(study, name)}
    tasks = {} if study.tasks == (OWN_TABLE,) else {"tasks": _text(study.tasks)}
    own = {name: getattr(study, name) for name in OF_ARMS if getattr(study, name)}
    return {**study.settings, **lists, **tasks, **own}


def _text(values: Sequence[object]) -> str:
    return values if isinstance(values, str) else ",".join(map(str, values))


def _refuse(name: str, now: object, before: object) -> None:
    raise UserError(
        f"--{name.replace('_', '-')} {now} differs from the study's {before}: leave the flag out to continue it, or "
        "start another study with another --run"
    )


def _listed(given: Mapping[str, Any], name: str, default: tuple[Any, ...], read: Callable[[str], Any]) -> Any:
    """The values of a list flag, each read by `read`."""
    if name not in given:
        return default
    words = [word.strip() for word in str(given[name]).split(",")]
    try:
        values = tuple(read(word) for word in words)
    except Exception as error:
        raise UserError(f"--{name}: {error}") from None
    if twice := [value for place, value in enumerate(values) if value in values[:place]]:
        raise UserError(f"--{name} names {twice[0]} twice: leave one out")
    return values


def _known(names: Sequence[str], text: str) -> str:
    if text not in names:
        raise UserError(f"unknown '{text}': use {', '.join(names)}{suggest(text, names)}")
    return text


def _gate(text: str) -> str:
    gate(text)
    return text


def _tasks(given: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[str, ...]:
    if settings.get("inputs") or settings.get("criteria"):
        if "tasks" in given:
            raise UserError("--tasks and --inputs/--criteria both describe the tasks: give one of them")
        return (OWN_TABLE,)
    tasks: tuple[str, ...] = _listed(given, "tasks", ("sample",), _task)
    if len(tasks) > 1 and (settings.get("ratings") or settings.get("rater")):
        raise UserError("--ratings and --rater go with one task: put a [ratings] table in each task's file instead")
    names = [Cell(task, "", "", "", 0).task_name for task in tasks]
    for place, name in enumerate(names):
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise UserError(f"--tasks: the name {name!r} cannot name a folder: use letters, digits, _ . and -")
        if name in names[:place]:
            raise UserError(f"--tasks: two tasks are called {name!r}: rename one of the files")
    return tasks


def _task(text: str) -> str:
    return str(Path(text).resolve()) if text.endswith(".toml") else text


def _data(data: str | None, tasks: Sequence[str]) -> tuple[str, ...]:
    """One place of data a task; an empty one leaves the task's own."""
    if data is None:
        return ("",) * len(tasks)
    places = [data] if len(tasks) == 1 else data.split(",")
    if len(places) != len(tasks):
        raise UserError(f"--data names {len(places)} places for {len(tasks)} tasks: give one each, separated by commas")
    return tuple(str(Path(place).resolve()) if place and Path(place).exists() else place for place in places)
