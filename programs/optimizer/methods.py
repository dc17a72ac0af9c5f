"""From settings to what improves the judge: textual gradients, a peer of DSPy's, or a control; and what it may cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import dspy

from programs.backends.decision import require_scale
from programs.backends.roles import Roles
from programs.diagnostics.bound import planned_calls
from programs.errors import UserError, suggest
from programs.optimizer.calibrating import Uncalibrated, fit_rows
from programs.optimizer.controls.ensemble import EnsembleOf, members, require_sampling
from programs.optimizer.controls.paraphrase import without_gradient
from programs.optimizer.controls.shuffled import Shuffled
from programs.optimizer.estimate import Plan
from programs.optimizer.fan_out import Pool
from programs.optimizer.heads import OWN, judge_groups, largest_groups, layout
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups, parse_mode
from programs.optimizer.outcome import Outcome
from programs.optimizer.peers.peer import Peer
from programs.optimizer.plugs import MakeStages
from programs.optimizer.remedies import calls_with_remedies, plugs_of
from programs.optimizer.rows.anchors import anchors_of
from programs.optimizer.schedule import SCHEDULES
from programs.optimizer.stages import Stages
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.optimizer.turns import calls_a_row
from programs.settings import CONTROLS, DECISION, OPTIMIZERS, Settings
from programs.tasks.splits import Splits
from programs.tasks.task import Task
from signatures.records import Group


class Method(Protocol):
    """What a run asks of its optimizer; `metric` is what the report gives of its validation rows."""

    @property
    def metric(self) -> str: ...

    def search(
        self,
        student: Judge,
        *,
        trainset: Sequence[dspy.Example],
        valset: Sequence[dspy.Example],
        roles: Roles,
        pool: Pool,
    ) -> Outcome: ...


def method_of(settings: Settings, task: Task, splits: Splits, on_step: Callable[[Step], None] | None = None) -> Method:
    """The optimizer that the settings describe; its LMs come with the run's roles."""
    if settings.optimizer != "textgrad":
        return _peer(settings, task, splits, on_step)
    if settings.control == "ensemble":
        return EnsembleOf(_members(settings, task, splits), _metric(settings))
    stages = without_gradient if settings.control == "paraphrase" else Stages.of
    optimizer = teleprompter(settings, on_step, stages)
    return Shuffled(optimizer, settings.seed) if settings.control == "shuffled" else optimizer


def most_calls(settings: Settings, task: Task, splits: Splits) -> dict[str, int]:
    """The most LM calls of a run of these settings, by role. Raises UserError for what cannot work on these rows."""
    tested = len(splits.test)
    if settings.optimizer != "textgrad":
        search = _peer(settings, task, splits).plan(task, len(splits.train), len(splits.validation))
        fits = 2 * fit_rows(settings, len(splits.train))
        return {"judge": 2 * tested + search.judge + fits, "rewrite": search.rewrite}
    if settings.control == "ensemble":
        return {"judge": (1 + _members(settings, task, splits)) * tested + fit_rows(settings, len(splits.train))}
    textual = calls_with_remedies(settings, _textual(settings, task, splits))
    return textual if settings.critical else {**textual, "loss": 0, "gradient": 0}


def search_calls(settings: Settings, task: Task, splits: Splits) -> int:
    """The most LM calls of a search, without its scorings of the test rows; an ensemble's are its further members'.

    Raises UserError as `most_calls` does.
    """
    if settings.control == "ensemble":
        heads = len(groups_of(settings, task.criterion_names))
        return (_members(settings, task, splits) - heads) * len(splits.test)
    return sum(most_calls(replace(settings, rate_every=0), task, replace(splits, test=[])).values())


def groups_of(settings: Settings, names: Group) -> tuple[Group, ...]:
    """The judge's groups: what --judge or the mode says; peers and the ensemble are given the joint prompt."""
    return judge_groups(settings.judge, parse_mode(settings.mode), names) if settings.stepwise else (tuple(names),)


def initial_judge(settings: Settings, task: Task, splits: Splits) -> Judge:
    """The judge that every optimizer and control begins with: the task's own rubrics, and the anchors."""
    anchors = anchors_of(task, splits.anchors)
    return Judge(task, groups_of(settings, task.criterion_names), **settings.form, anchors=anchors)


def calibrator_of(settings: Settings, splits: Splits, roles: Roles, pool: Pool) -> Uncalibrated:
    """What calibrates the initial and the kept judge of every method alike."""
    stages = Stages.of(roles, pool)
    return plugs_of(settings).calibrate(splits.train, stages.judge, stages.spare, settings.seed)


def report_of(method: Method, settings: Settings) -> dict[str, Any]:
    """What summary.json holds of how the judge was found."""
    report: Mapping[str, Any] = getattr(method, "report", {})
    return {"optimizer": settings.optimizer, "control": settings.control, **report}


def method_name(settings: Settings) -> str:
    """What people read of it."""
    if settings.optimizer != "textgrad":
        return f"{settings.optimizer}, with the LM calls of mode {settings.mode},"
    return f"mode {settings.mode}" if settings.control == "none" else f"{settings.control} control of {settings.mode}"


def check_method(settings: Settings) -> None:
    """Raises UserError for an optimizer or control that does not exist, or that do not go together."""
    for flag, value, known in (
        ("--optimizer", settings.optimizer, OPTIMIZERS),
        ("--control", settings.control, ("none", *CONTROLS)),
    ):
        if value not in known:
            raise UserError(f"{flag}: unknown '{value}': use one of {', '.join(known)}{suggest(value, known)}")
    if settings.optimizer != "textgrad" and settings.control != "none":
        raise UserError(f"--control {settings.control} goes with --optimizer textgrad: leave one of them out")
    if settings.judge != OWN and not settings.stepwise:
        raise UserError(f"--judge {settings.judge} goes with the steps of --optimizer textgrad: leave one of them out")
    layout(settings.judge, settings.adapter)
    if settings.judge == DECISION and settings.schema == "off":
        raise UserError("--judge decision asks by a JSON schema: leave --schema off out, or give another --judge")
    if settings.control == "ensemble":
        require_sampling(settings.judge_temperature)


def teleprompter(
    settings: Settings,
    on_step: Callable[[Step], None] | None = None,
    stages: MakeStages = Stages.of,
) -> TextualGradient:
    """The textual-gradient optimizer of these settings."""
    return TextualGradient(
        settings.mode,
        judge=settings.judge,
        steps=settings.steps,
        batch_size=settings.batch_size,
        gate=settings.gate,
        accept=settings.accept,
        threshold=settings.probability,
        race=settings.race == "on",
        keep=settings.keep,
        reserve=settings.reserve,
        seed=settings.seed,
        threads=settings.threads,
        plugs=plugs_of(settings, stages),
        on_step=on_step,
    )


def _peer(settings: Settings, task: Task, splits: Splits, on_step: Callable[[Step], None] | None = None) -> Peer:
    calls = _search_calls(settings, task, splits) - 2 * fit_rows(settings, len(splits.train))
    return Peer(settings.optimizer, calls, _metric(settings), settings.seed, on_step)


def _textual(settings: Settings, task: Task, splits: Splits) -> Plan:
    for each in task.criteria if settings.judge == DECISION else ():
        require_scale(each.name, each.levels)
    gated, reserved = teleprompter(settings).validation(splits.validation)
    heads = judge_groups(settings.judge, parse_mode(settings.mode), task.criterion_names)
    most = calls_a_row(heads, settings.order)
    largest = largest_groups(settings.judge, parse_mode(settings.mode), task.criterion_names)
    part = max(calls_a_row((group,), settings.order) for group in largest)
    focus = SCHEDULES[settings.schedule](1, task.criterion_names, task.criterion_names)
    return Plan(
        mode=parse_mode(settings.mode),
        criteria=task.criterion_names,
        heads=most,
        steps=settings.steps,
        batch_size=settings.batch_size,
        train_rows=len(splits.train),
        gate_rows=len(gated),
        reserved_rows=len(reserved),
        test_rows=len(splits.test),
        eval_every=settings.eval_every,
        rater_calls=planned_calls(settings, task),
        focus=focus,
        batch_heads=most if len(focus) == len(task.criteria) else part,
    )


def _search_calls(settings: Settings, task: Task, splits: Splits) -> int:
    """What the textual-gradient run of these settings may spend between its two scorings of the test rows."""
    plan = replace(_textual(settings, task, splits), test_rows=0, rater_calls=0)
    return sum(calls_with_remedies(settings, plan).values())


def _members(settings: Settings, task: Task, splits: Splits) -> int:
    heads = len(groups(parse_mode(settings.mode).judge, task.criterion_names))
    calls = _search_calls(settings, task, splits) - fit_rows(settings, len(splits.train))
    return members(calls, len(splits.test), heads)


def _metric(settings: Settings) -> str:
    return teleprompter(settings).metric
