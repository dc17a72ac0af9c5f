"""The judge: one head (a `dspy.Predict`) per group of criteria, every rubric in its head's output fields."""

from collections.abc import Mapping, Sequence
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError, ContextWindowExceededError

from programs.backends.adapter import CompactAdapter
from programs.records.calls import NoAnswer
from programs.tasks.task import Task
from signatures.judge import judge_signature, rubric_of
from signatures.records import Group, Rubric

ADAPTERS = {
    "compact": CompactAdapter,
    "json": lambda schema="auto": dspy.JSONAdapter(),
    "chat": lambda schema="auto": dspy.ChatAdapter(use_json_adapter_fallback=False),  # its retry would go uncounted
}


class Judge(dspy.Module):
    """Scores a task's inputs on all its criteria, with one LM call per group of criteria.

    `judge(**inputs)` returns a `dspy.Prediction` with one field per criterion: a level of its scale, or None where the
    reply held no valid score (unscored). The LM is whatever `dspy.configure` or `dspy.context` says; none is bound.
    LM failures raise `dspy.LMError`, except a text beyond the context window, which is unscored.
    """

    def __init__(
        self,
        task: Task,
        groups: Sequence[Group] | None = None,
        rubric: Rubric | None = None,
        *,
        adapter: str = "compact",
        schema: str = "auto",
    ) -> None:
        super().__init__()
        self.task = task
        self.groups = tuple(map(tuple, groups or (task.criterion_names,)))
        self.adapter = adapter
        self.schema = schema
        self.heads = [dspy.Predict(_signature(task, group, rubric)) for group in self.groups]

    def forward(self, **inputs: Any) -> dspy.Prediction:
        scores: dict[str, int | None] = {}
        for head in range(len(self.heads)):
            scores.update(self.answer(head, inputs))
        return dspy.Prediction(**{name: scores[name] for name in self.task.criterion_names})

    def answer(self, head: int, inputs: Mapping[str, Any]) -> dict[str, int | None]:
        """One head's scores for one row; None for a criterion without a valid score."""
        wanted = {item.name: inputs[item.name] for item in self.task.inputs}
        with dspy.context(adapter=ADAPTERS[self.adapter](schema=self.schema)):
            try:
                prediction: Mapping[str, Any] = self.heads[head](**wanted).toDict()
            except AdapterParseError as error:
                prediction = error.parsed_result or {}
            except (ContextWindowExceededError, NoAnswer):
                prediction = {}
        return {name: prediction.get(name) for name in self.groups[head]}

    @property
    def rubric(self) -> dict[str, str]:
        """Criterion -> rubric, over all heads, in the task's order."""
        held = {name: text for head in self.heads for name, text in rubric_of(head.signature).items()}
        return {name: held[name] for name in self.task.criterion_names}

    def rubric_of(self, group: Group) -> dict[str, str]:
        """The rubrics of a group's criteria."""
        return {name: self.rubric[name] for name in group}

    def with_rubric(self, rubric: Rubric) -> "Judge":
        """A copy with some criteria's rubrics replaced; this judge stays as it is."""
        return Judge(self.task, self.groups, {**self.rubric, **rubric}, adapter=self.adapter, schema=self.schema)

    def with_groups(self, groups: Sequence[Group]) -> "Judge":
        """A copy with the same rubrics, its criteria divided among heads in another way."""
        return Judge(self.task, groups, self.rubric, adapter=self.adapter, schema=self.schema)

    def prompt_signature(self, group: Group) -> type[dspy.Signature]:
        """The judge's signature reduced to `group`: what a critique of these criteria may see of the prompt."""
        return _signature(self.task, group, self.rubric)


def _signature(task: Task, group: Group, rubric: Rubric | None) -> type[dspy.Signature]:
    inputs = {item.name: item.label for item in task.inputs}
    return judge_signature(task.instructions, inputs, task.select(group), rubric)
