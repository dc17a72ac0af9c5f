"""The three reflective stages: loss, gradient, rewrite. Each speaks once per group of criteria (and row)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from programs.backends.adapter import CompactAdapter, ProseAdapter, system_text
from programs.backends.roles import Roles
from programs.optimizer.batch import Batch
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows
from programs.optimizer.shown import (
    critiques_of,
    feedback_about,
    rubric_lines,
    scores_text,
    scores_texts,
    text_of,
    texts_of,
)
from programs.records.calls import CallLog
from programs.records.unanswered import NO_REPLY
from signatures.gradient import Gradient, gradient_request
from signatures.loss import Comparison, Loss, loss_request
from signatures.pairs import pair_gradient_request
from signatures.records import Group, Judgement, Note, Rubric
from signatures.rewrite import rewrite_request, rewrite_signature


@dataclass(frozen=True)
class Question:
    """A call of the loss: the signature and its inputs, and the note that the reply will be the text of."""

    predict: dspy.Predict
    inputs: Mapping[str, Any]
    note: Note


class LossStage(dspy.Module):
    """Per row and group: why the scores are right or wrong. Criteria without a score are not discussed."""

    def __init__(self) -> None:
        super().__init__()
        self.write = dspy.Predict(Loss)

    def forward(self, judge: Judge, batch: Batch, groups: Sequence[Group], pool: Pool) -> list[Note]:
        asked = self.questions(judge, batch, groups)
        with dspy.context(adapter=ProseAdapter()):
            texts = pool.map(
                "loss",
                lambda each: _reply(each.predict, "critique", **each.inputs),
                asked,
                len(groups) * len(batch.rows),
            )
        return [replace(each.note, text=text) for each, text in zip(asked, texts, strict=True) if text]

    def questions(self, judge: Judge, batch: Batch, groups: Sequence[Group]) -> list[Question]:
        """What is asked, group by group: at most a question a row and group."""
        return [question for group in groups for question in self.of_rows(judge, batch, group)]

    def of_rows(self, judge: Judge, batch: Batch, group: Group) -> list[Question]:
        """A group's question about each row by itself."""
        return [
            Question(self.write, _compared(judge, row, judgement, scored), Note("loss", judgement.row, scored, ""))
            for row, judgement in batch.pairs()
            if (scored := judgement.scored(group))
        ]


class GradientStage(dspy.Module):
    """Per row and group: what in the rubric(s) led to the scores, and strategies to change it.

    Where a critique compares the row with another one, both are shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.write = dspy.Predict(Gradient)

    def forward(
        self, judge: Judge, batch: Batch, losses: Sequence[Note], groups: Sequence[Group], pool: Pool
    ) -> list[Note]:
        asked = []
        for group in groups:
            criteria = judge.task.select(group)
            prompt = {
                "judge_prompt": system_text(judge.prompt_signature(group)),
                "rubric": rubric_lines(judge, group),
            }
            for judgement in batch.judgements:
                about = [note for note in losses if note.row == judgement.row and note.concerns(group)]
                if about:
                    others = list(dict.fromkeys(note.other for note in about if note.other))
                    request = (pair_gradient_request if others else gradient_request)(criteria)
                    case = batch.case([judgement.row, *others])
                    shown = {
                        "case": texts_of(judge, [row for row, _ in case]),
                        "scores": scores_texts([each for _, each in case], group),
                        "critiques": critiques_of(about),
                    }
                    asked.append((judgement.row, group, {**prompt, **shown, "request": request}))
        answers = pool.map("gradient", lambda item: self.answer(judge, *item[1:]), asked, len(groups) * len(batch.rows))
        return [
            Note("gradient", row, about, text)
            for (row, *_), answer in zip(asked, answers, strict=True)
            for about, text in answer.items()
            if text
        ]

    def answer(self, judge: Judge, group: Group, inputs: Mapping[str, Any]) -> dict[Group, str]:
        """What one call says, by the criteria that it says it of: one text for its whole group."""
        with dspy.context(adapter=ProseAdapter()):
            return {group: _reply(self.write, "feedback", **inputs)}


class RewriteStage(dspy.Module):
    """Per group: the batch's gradients, concatenated (the analogue of a sum), become new rubric(s).

    A criterion whose new rubric is missing from the reply keeps the old one; what is no rubric, the guard refuses.
    """

    def __init__(self, schema: str = "auto") -> None:
        super().__init__()
        self.schema = schema

    def forward(
        self, judge: Judge, batch: Batch, gradients: Sequence[Note], groups: Sequence[Group], pool: Pool
    ) -> dict[str, str]:
        asked = []
        for group in groups:
            feedback = feedback_about(group, gradients)
            if feedback:
                texts = [
                    f"{text_of(judge, row)}\njudge: {scores_text(judgement, group)}" for row, judgement in batch.pairs()
                ]
                inputs = {"rubric": rubric_lines(judge, group), "cases": texts, "feedback": feedback}
                asked.append((group, {**inputs, "request": rewrite_request(judge.task.select(group))}))
        replies = pool.map("rewrite", lambda item: self.rewrite(judge, *item), asked, len(groups))
        return {name: text for reply in replies for name, text in reply.items()}

    def rewrite(self, judge: Judge, group: Group, inputs: Mapping[str, Sequence[str]]) -> Rubric:
        predict = dspy.Predict(rewrite_signature(judge.task.select(group)))
        with dspy.context(adapter=CompactAdapter(self.schema)):
            try:
                return {name: str(text) for name, text in predict(**inputs).toDict().items() if name in group}
            except AdapterParseError as error:
                return dict(error.parsed_result or {})
            except NO_REPLY:
                return {}


@dataclass(frozen=True)
class Stages:
    """The four stages of a step, each played by its own LM.

    `spare` stands where a scoring was planned and nothing depends on it: it is skipped and counted, or, where every
    planned call is to be sent (`--reuse off`), made.
    """

    judge: Callable[[Judge, Sequence[dspy.Example]], list[Judgement]]
    loss: Callable[[Judge, Batch, Sequence[Group]], list[Note]]
    gradient: Callable[[Judge, Batch, Sequence[Note], Sequence[Group]], list[Note]]
    rewrite: Callable[[Judge, Batch, Sequence[Note], Sequence[Group]], Rubric]
    spare: Callable[[Judge, Sequence[dspy.Example]], object]

    @classmethod
    def of(cls, roles: Roles, pool: Pool, schema: str = "auto") -> "Stages":
        judged = roles.cast("judge", partial(judge_rows, pool=pool))
        return cls(
            judge=judged,
            loss=roles.cast("loss", _in(pool, LossStage())),
            gradient=roles.cast("gradient", _in(pool, GradientStage())),
            rewrite=roles.cast("rewrite", _in(pool, RewriteStage(schema))),
            spare=partial(_skip, roles.calls) if roles.calls.reuse else judged,
        )


def _skip(calls: CallLog, judge: Judge, rows: Sequence[dspy.Example]) -> None:
    calls.skip("judge", judge.calls_per_row * len(rows))


def _in(pool: Pool, module: Any) -> Callable[..., Any]:
    """A stage's module with its calls made in `pool`."""
    return partial(module, pool=pool)


def _compared(judge: Judge, row: dspy.Example, judgement: Judgement, group: Group) -> dict[str, list[str] | str]:
    """What a loss call is told: the group's scores against the row's human ratings."""
    compared = [
        Comparison(criterion, score, row[criterion.name])
        for criterion in judge.task.select(group)
        if (score := judgement.scores[criterion.name]) is not None
    ]
    return {"comparisons": [each.line() for each in compared], "request": loss_request(compared)}


def _reply(predict: dspy.Predict, field: str, **inputs: object) -> str:
    """The text an LM wrote, or "" where it wrote none."""
    try:
        return predict(**inputs)[field]
    except (AdapterParseError, *NO_REPLY):
        return ""
