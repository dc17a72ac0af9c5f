"""`--notes per-field`: a joint gradient call has one field for each criterion, against the paper's one text for all.

So each note is about one criterion, and the rewrite, `--constrain` and the diagnostics see whose it is. A call about
one criterion is the paper's under either choice: its one text is its one field.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from programs.backends.adapter import FinishedFieldsAdapter
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import MakeStages, Moment, Plugs, Resolve
from programs.optimizer.stages import GradientStage, Stages
from programs.records.unanswered import NO_REPLY
from signatures.gradient_fields import gradient_fields_request, gradient_fields_signature
from signatures.records import Group, Note


class FieldGradientStage(GradientStage):
    """Per row and group: feedback on each criterion's rubric in a field of its own.

    A field that is missing from the reply, or cut off in it, leaves its criterion without a note.
    """

    def __init__(self, schema: str = "auto") -> None:
        super().__init__()
        self.schema = schema

    def answer(self, judge: Judge, group: Group, inputs: Mapping[str, Any]) -> dict[Group, str]:
        if len(group) == 1:
            return super().answer(judge, group, inputs)
        criteria = judge.task.select(group)
        asked = {**inputs, "request": gradient_fields_request(criteria)}
        with dspy.context(adapter=FinishedFieldsAdapter(self.schema)):
            try:
                said: Mapping[str, Any] = dspy.Predict(gradient_fields_signature(criteria))(**asked).toDict()
            except AdapterParseError as error:
                said = error.parsed_result or {}
            except NO_REPLY:
                said = {}
        return {(name,): str(said.get(name, "")) for name in group}


def with_fields(make: MakeStages) -> MakeStages:
    """The same stages with one field a criterion in joint gradients."""

    def made(roles: Roles, pool: Pool, schema: str) -> Stages:
        stage: Any = FieldGradientStage(schema)
        return replace(make(roles, pool, schema), gradient=roles.cast("gradient", partial(stage, pool=pool)))

    return made


def counting_fields(resolve: Resolve) -> Resolve:
    """The same `resolve`; beforehand it is told how many criteria of a row had a critique, and how many of these the
    gradients say nothing of."""

    def counted(gradients: list[Note], moment: Moment) -> list[Note]:
        due = {(note.row, name) for note in moment.losses for name in note.group}
        had = {(note.row, name) for note in gradients for name in note.group}
        moment.told["notes"] = {"due": len(due), "missing": len(due - had)}
        return resolve(gradients, moment)

    return counted


def fields_for_all(plugs: Plugs) -> Plugs:
    """The loop's places with one field a criterion in joint gradients, and the missing ones counted."""
    return replace(plugs, stages=with_fields(plugs.stages), resolve=counting_fields(plugs.resolve))


NOTES: Mapping[str, Callable[[Plugs], Plugs]] = {"text": lambda plugs: plugs, "per-field": fields_for_all}
"""The choices of `--notes`."""
