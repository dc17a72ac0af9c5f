"""The judge: one head (a `dspy.Predict`) per group of criteria, every rubric in its head's output fields."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError, LMInvalidRequestError

from metrics.expectation import expected_score, reply_chances
from metrics.logprobs import asking_logprobs
from metrics.score_maps import Calibration
from programs.backends.adapter import CompactAdapter
from programs.backends.decision import DecisionAdapter
from programs.backends.isolated import IsolatedAdapter
from programs.backends.reply import level_of
from programs.backends.short_way import short_reply
from programs.backends.strict import StrictChatAdapter, StrictJSONAdapter
from programs.failures import refused_setting
from programs.optimizer.reading import Reading, mean_reading
from programs.optimizer.turns import ORDERS, Rotated, calls_a_row
from programs.records.unanswered import NO_REPLY
from programs.settings import DECISION, Form
from programs.tasks.task import Task
from signatures.judge import judge_signature, rubric_of
from signatures.records import Criterion, Group, Rubric

ADAPTERS = {
    "compact": CompactAdapter,
    "isolated": IsolatedAdapter,
    DECISION: DecisionAdapter,
    "json": lambda schema="auto": StrictJSONAdapter(),
    "chat": lambda schema="auto": StrictChatAdapter(),
}

TAGGED = ("compact", "isolated", DECISION)
"""Those by which texts stand between tags."""

READOUTS = ("digits", "expected")

Anchor = Mapping[str, Any]
"""A rated row that is shown as a solved example: its `row_id`, the inputs, and a level for every criterion."""


class Judge(dspy.Module):
    """Scores a task's inputs on all its criteria, with one LM call per group of criteria.

    With `order` "rotate" it takes one for each rotation of the group's criteria, and their scores are averaged.

    `judge(**inputs)` returns a `dspy.Prediction` with one field per criterion: a level of its scale (`readout`
    "digits") or the mean of the scale under the reply's token probabilities ("expected"), or None where the reply held
    no valid score (unscored). A `calibration` turns these raw scores, which are those of `answer`, into what it says.
    The attribute `probabilities` asks for token probabilities whatever the readout: that is another request, so it is
    off unless it is set. Where `forgoing` is a list, a server may refuse them: they are asked for no more, and the
    refusal is kept there. The LM is whatever `dspy.configure` or `dspy.context` says; none is bound. LM failures raise
    `dspy.LMError`, except what leaves one row without a reply (`NO_REPLY`): it is unscored.
    """

    def __init__(
        self,
        task: Task,
        groups: Sequence[Group] | None = None,
        rubric: Rubric | None = None,
        *,
        adapter: str = "compact",
        schema: str = "auto",
        readout: str = "digits",
        order: str = ORDERS[0],
        anchors: Sequence[Anchor] = (),
        calibration: Calibration | None = None,
    ) -> None:
        super().__init__()
        self.task = task
        self.groups = tuple(map(tuple, groups or (task.criterion_names,)))
        self.adapter = adapter
        self.schema = schema
        self.readout = readout
        self.order = order
        self.rotated = Rotated()
        self.calibration = calibration
        self.probabilities = False
        self.forgoing: list[LMInvalidRequestError] | None = None
        self.heads = [dspy.Predict(_signature(task, group, rubric)) for group in self.groups]
        for head in self.heads:
            head.demos = [dict(anchor) for anchor in anchors]

    def forward(self, **inputs: Any) -> dspy.Prediction:
        answers = [self.answer(head, inputs) for head in range(len(self.heads))]
        found = {name: each for answer in answers for name, each in answer.items()}
        raw = {name: found[name].score for name in self.task.criterion_names}
        return dspy.Prediction(**(raw if self.calibration is None else self.calibration.scores(raw)))

    def answer(self, head: int, inputs: Mapping[str, Any]) -> dict[str, Reading]:
        """One head's raw scores for one row."""
        wanted = {item.name: inputs[item.name] for item in self.task.inputs}
        found = [self._answer(each, head, wanted) for each in self.turns(head)]
        return {name: mean_reading([each[name] for each in found]) for name in self.groups[head]}

    def turns(self, head: int) -> list[dspy.Predict]:
        """What one head asks: its prompt, and where the judge rotates the same in every other order."""
        return self.rotated.of(self.heads[head]) if self.order == "rotate" else [self.heads[head]]

    def _answer(self, predict: dspy.Predict, head: int, wanted: Mapping[str, Any]) -> dict[str, Reading]:
        reply = self._reply(predict, wanted)
        criteria = self.task.select(self.groups[head])
        if reply is None:
            return {each.name: Reading(None, None, replied=False) for each in criteria}
        return {each.name: self._reading(each, reply) for each in criteria}

    def _reply(self, predict: dspy.Predict, wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
        asks = self.reads_tokens and not self.decides and not self.forgoing
        config = asking_logprobs(dspy.settings.lm) if asks else {}
        try:
            return self._asked(predict, wanted, config)
        except AdapterParseError as error:
            return error.parsed_result or {}
        except NO_REPLY:
            return None
        except LMInvalidRequestError as refusal:
            if not config or self.forgoing is None or refused_setting(refusal) != "logprobs":
                raise
            self.forgoing.append(refusal)
        return self._reply(predict, wanted)

    def _asked(self, predict: dspy.Predict, wanted: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
        adapter = ADAPTERS[self.adapter](schema=self.schema)
        if (reply := short_reply(predict, adapter, wanted, config)) is not None:
            return reply
        with dspy.context(adapter=adapter):
            return predict(**wanted, config=dict(config)).toDict()

    def _reading(self, criterion: Criterion, reply: Mapping[str, Any]) -> Reading:
        digit = level_of(reply.get(criterion.name), criterion.levels)
        if digit is None or not self.reads_tokens:
            return Reading(digit, digit)
        chances = reply_chances(reply, criterion.name, digit, criterion.levels)
        if self.readout == "digits":
            return Reading(digit, digit, chances=chances)
        score = digit if chances is None else expected_score(chances)
        return Reading(score, digit, fallback=chances is None, chances=chances)

    @property
    def reads_tokens(self) -> bool:
        """Whether it reads probabilities, where the LM gives them."""
        return self.probabilities or self.decides or self.readout == "expected"

    @property
    def decides(self) -> bool:
        """Whether the LM is asked for the levels' probabilities themselves, so that nothing is read off tokens."""
        return self.adapter == DECISION

    @property
    def branches(self) -> bool:
        """Whether its calls for one row begin alike, and so should follow each other."""
        return self.adapter == "isolated" and len(self.heads) > 1

    @property
    def calls_per_row(self) -> int:
        """How many LM calls it takes a row."""
        return calls_a_row(self.groups, self.order)

    @property
    def form(self) -> Form:
        """How it asks and reads: what a judge like it is made with."""
        form = Form(adapter=self.adapter, schema=self.schema, readout=self.readout)
        return form if self.order == ORDERS[0] else Form(**form, order=self.order)

    @property
    def anchors(self) -> list[Anchor]:
        """The examples that all its heads are shown; they rate all criteria, so that these can be divided anew."""
        first, *others = [list[Anchor](map(dict, head.demos)) for head in self.heads]
        needed = {"row_id", *self.task.input_names, *self.task.criterion_names}
        return first if all(each == first for each in others) and all(needed <= {*demo} for demo in first) else []

    @property
    def rubric(self) -> dict[str, str]:
        """Criterion -> rubric, over all heads, in the task's order."""
        held = {name: text for head in self.heads for name, text in rubric_of(head.signature).items()}
        return {name: held[name] for name in self.task.criterion_names}

    def rubric_of(self, group: Group) -> dict[str, str]:
        """The rubrics of a group's criteria."""
        return _of(self.rubric, group)

    def with_rubric(self, rubric: Rubric) -> "Judge":
        """A copy with some criteria's rubrics replaced; this judge stays as it is.

        A calibration is of a prompt, so heads with another one lose theirs.
        """
        return self._like(self.groups, {**self.rubric, **rubric}, self.adapter)

    def with_groups(self, groups: Sequence[Group], adapter: str | None = None) -> "Judge":
        """A copy with the same rubrics, its criteria divided among heads in another way, or its prompts laid out so."""
        return self._like(groups, self.rubric, adapter or self.adapter)

    def with_calibration(self, calibration: Calibration | None) -> "Judge":
        """A copy, of whatever kind it is, that is calibrated so, or not at all."""
        made = copy(self)
        made.calibration = calibration
        return made

    def _like(self, groups: Sequence[Group], rubric: Rubric, adapter: str) -> "Judge":
        form, held = self.form, [*map(tuple, groups)] if adapter == self.adapter else []
        form["adapter"] = adapter
        same = [group for group in self.groups if group in held and self.rubric_of(group) == _of(rubric, group)]
        kept = None if self.calibration is None else self.calibration.of_groups(same)
        return Judge(self.task, groups, rubric, **form, anchors=self.anchors, calibration=kept)

    def prompt_signature(self, group: Group) -> type[dspy.Signature]:
        """The judge's signature reduced to `group`: what a critique of these criteria may see of the prompt."""
        return _signature(self.task, group, self.rubric)


def _signature(task: Task, group: Group, rubric: Rubric | None) -> type[dspy.Signature]:
    inputs = {item.name: item.label for item in task.inputs}
    return judge_signature(task.instructions, inputs, task.select(group), rubric)


def _of(rubric: Rubric, group: Group) -> dict[str, str]:
    return {name: rubric[name] for name in group}
