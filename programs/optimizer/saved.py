"""A judge as a file: DSPy's state plus one key of ours that says which task, criteria and groups it belongs to."""

import hashlib
import json
from pathlib import Path
from typing import Any

import dspy
import orjson
from dspy.utils.saving import get_dependency_versions

from metrics.score_maps import Calibration
from programs.backends.adapter import SCHEMA_CHOICES
from programs.errors import UserError
from programs.optimizer.judge import ADAPTERS, READOUTS, Judge
from programs.optimizer.turns import ORDERS
from programs.records.folder import read_json, write_json
from programs.settings import Form
from programs.tasks.task import Task

FORMAT = 1
KEY = "judgegrad"
MOST_BYTES = 1 << 24
"""A judge with demos of long documents has some hundred kilobytes."""


def save_judge(judge: Judge, path: Path) -> None:
    """Writes `judge.json`: what `judge.save()` writes, with the task beside it. Never pickle, never an LM."""
    own = {
        "format": FORMAT,
        "task": judge.task.to_dict(),
        "groups": [list(group) for group in judge.groups],
        **judge.form,
        **({"anchors": [anchor["row_id"] for anchor in judge.anchors]} if judge.anchors else {}),
        **_calibration(judge),
    }
    state = orjson.loads(orjson.dumps(judge.dump_state()))  # as DSPy's own file has it: judge.load() reads ours too
    write_json(path, {**state, "metadata": {"dependency_versions": get_dependency_versions()}, KEY: own})


def load_judge(path: str | Path, task: Task | None = None) -> Judge:
    """The judge of a run's folder or of a `judge.json`; it speaks to whatever LM is configured when it is called.

    With `task`, a judge of other inputs, criteria or scales is refused (DSPy alone would load its state silently).
    Raises UserError for a file that is not a judge of this program.
    """
    path = Path(path)
    path = path / "judge.json" if path.is_dir() else path
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise UserError(f"{path} is larger than any judge ({MOST_BYTES >> 20} MB): give a run's judge.json")
    state = read_json(path)
    own = state.get(KEY) if isinstance(state, dict) else None
    if not isinstance(own, dict) or own.get("format") != FORMAT:
        raise UserError(f"{path} is not a judge of this program (no '{KEY}' format {FORMAT}): give a run's judge.json")
    judge = _rebuilt(path, own, {name: value for name, value in state.items() if name not in (KEY, "metadata")})
    if task is not None:
        _require_same(path, judge.task, task)
    return judge


def judge_mark(judge: Judge) -> str:
    """A hash of all that decides what a judge asks its LM, whatever it reads of the replies, and its calibration."""
    asked = [judge.dump_state(), judge.groups, judge.adapter, judge.schema, _scales(judge.task)]
    asked += [judge.order] if judge.order != ORDERS[0] else []
    asked += _calibration(judge).values()
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _rebuilt(path: Path, own: dict[str, Any], state: dict[str, Any]) -> Judge:
    try:
        task = Task.from_dict(own["task"], str(path))
        groups = [tuple(group) for group in own["groups"]]
        if sorted(name for group in groups for name in group) != sorted(task.criterion_names):
            raise ValueError("its groups do not cover its criteria")
        calibration = Calibration.of(own["calibration"], task.criteria) if "calibration" in own else None
        judge = Judge(task, groups, **_form(own), calibration=calibration)
        _require_shape(judge.dump_state(), state)  # before DSPy sets whatever attributes a head names
        judge.load_state(state)
        if judge.dump_state() != state:  # DSPy ignores what does not fit
            raise ValueError("its heads do not fit its groups")
        if own.get("anchors", []) != [anchor["row_id"] for anchor in judge.anchors]:
            raise ValueError("its examples are not its anchors")
        for predictor in judge.predictors():
            for demo in predictor.demos:
                _require_demo(judge, predictor.signature, demo)
    except UserError:
        raise
    except Exception as error:  # whatever a damaged file makes DSPy raise
        reason = " ".join(str(error).split())
        raise UserError(f"{path} is damaged: {reason}; restore it, or compile the judge again") from None
    return judge


def _require_shape(expected: dict[str, Any], state: dict[str, Any]) -> None:
    if any(head.get("lm") for head in state.values()):
        raise ValueError("it holds an LM")
    if {name: {*head} for name, head in state.items()} != {name: {*head} for name, head in expected.items()}:
        raise ValueError("its heads do not fit its groups")


def _require_demo(judge: Judge, signature: type[dspy.Signature], demo: dict[str, Any]) -> None:
    """A demo has every field: texts, and scores on their scales (of raters, so fractions too)."""
    if not {*signature.fields} <= {*demo}:
        raise ValueError("a demo lacks a field")
    if not all(isinstance(demo[name], str) for name in signature.input_fields):
        raise ValueError("a demo has an input that is no text")
    for each in judge.task.select(tuple(signature.output_fields)):
        score = demo[each.name]
        if isinstance(score, bool) or not isinstance(score, int | float) or not each.low <= score <= each.high:
            raise ValueError("a demo has a score off its scale")


def _form(own: dict[str, Any]) -> Form:
    """How the judge asks and reads; files from before there was a choice of readouts read digits."""
    form = Form(adapter=own["adapter"], schema=own["schema"], readout=own.get("readout", READOUTS[0]))
    if (order := own.get("order", ORDERS[0])) != ORDERS[0]:
        form["order"] = order
    for (key, value), known in zip(form.items(), (ADAPTERS, SCHEMA_CHOICES, READOUTS, ORDERS), strict=False):
        if value not in known:
            raise ValueError(f"unknown {key} {value!r}")
    return form


def _calibration(judge: Judge) -> dict[str, Any]:
    """Nothing of a judge without one, whose file is what it was before there was such a thing."""
    return {} if judge.calibration is None else {"calibration": judge.calibration.to_dict()}


def _require_same(path: Path, own: Task, task: Task) -> None:
    """The judge's inputs and criteria must be those of the rows to score."""
    for what, mine, theirs in (
        ("inputs", own.input_names, task.input_names),
        ("criteria and scales", _scales(own), _scales(task)),
    ):
        if mine != theirs:
            raise UserError(
                f"{path} is a judge of task '{own.name}' with {what} {_words(mine)}, but the task '{task.name}' has "
                f"{_words(theirs)}: give a judge of this task"
            )


def _scales(task: Task) -> tuple[str, ...]:
    return tuple(f"{each.name}:{each.low}-{each.high}" for each in task.criteria)


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(names)
