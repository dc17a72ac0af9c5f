"""Paraphrase-only rewrites: the loop, the gate and the rewrites of a mode, without a loss or a gradient.

What a mode gains over this control is what the feedback was worth; what this control gains over the initial prompt is
what choosing among wordings on validation rows is worth ("textual gradients" as a metaphor, arXiv 2512.13598).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from programs.backends.adapter import CompactAdapter
from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.shown import rubric_lines
from programs.optimizer.stages import Batch, Stages
from programs.records.unanswered import NO_REPLY
from signatures.paraphrase import paraphrase_request, paraphrase_signature
from signatures.records import Group, Note, Rubric


class ParaphraseStage(dspy.Module):
    """Stands in for the rewrite: the current rubric(s) of each group in other words. It sees no case and no feedback.

    One stage serves one run, since it numbers its steps.
    """

    def __init__(self, schema: str = "auto") -> None:
        super().__init__()
        self.schema = schema
        self.numbers = count(1)

    def forward(
        self, judge: Judge, batch: Batch, gradients: Sequence[Note], groups: Sequence[Group], pool: Pool
    ) -> dict[str, str]:
        number = next(self.numbers)
        replies = pool.map("rewrite", lambda group: self.reword(judge, group, number), list(groups))
        return {name: text for reply in replies for name, text in reply.items()}

    def reword(self, judge: Judge, group: Group, number: int) -> Rubric:
        """One group's new wording; a criterion that the reply leaves out keeps the old one."""
        criteria = judge.task.select(group)
        predict = dspy.Predict(paraphrase_signature(criteria))
        with dspy.context(adapter=CompactAdapter(self.schema)):
            try:
                reply = predict(rubric=rubric_lines(judge, group), request=paraphrase_request(criteria, number))
                return {name: str(text) for name, text in reply.toDict().items() if name in group}
            except AdapterParseError as error:
                return dict(error.parsed_result or {})
            except NO_REPLY:
                return {}


def without_gradient(roles: Roles, pool: Pool, schema: str = "auto") -> Stages:
    """The stages of this control: silent loss and gradient, and the paraphrase for a rewrite."""
    stage: Any = ParaphraseStage(schema)
    paraphrase = roles.cast("rewrite", partial(stage, pool=pool))
    return replace(Stages.of(roles, pool, schema), loss=_no_notes, gradient=_no_notes, rewrite=paraphrase)


def _no_notes(*_: object) -> list[Note]:
    return []
