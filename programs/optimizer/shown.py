"""What the critics are shown of a judge, of its rows and of its scores."""

from collections.abc import Sequence

import dspy
import orjson

from programs.backends.adapter import block
from programs.optimizer.judge import Judge
from signatures.pairs import PLACES
from signatures.records import Group, Judgement, Note, in_prompts


def rubric_lines(judge: Judge, group: Group) -> list[str]:
    """The rubric(s) of a group, one entry a criterion."""
    return [f"{name}: {judge.rubric[name]}" for name in group]


def text_of(judge: Judge, row: dspy.Example) -> str:
    """What the judge was shown of a row."""
    return _inputs(judge, row, judge.task.input_names)


def texts_of(judge: Judge, rows: Sequence[dspy.Example]) -> str:
    """What the judge was shown of a row, or of two, each in a block of its own."""
    if len(rows) == 1:
        return text_of(judge, rows[0])
    tags = (*judge.task.input_names, *PLACES)
    return "\n".join(
        f"<{place}>\n{_inputs(judge, row, tags)}\n</{place}>" for place, row in zip(PLACES, rows, strict=True)
    )


def scores_texts(judgements: Sequence[Judgement], group: Group) -> str:
    """The judge's reply to a row, or to two, a line each."""
    if len(judgements) == 1:
        return scores_text(judgements[0], group)
    return "\n".join(f"{place}: {scores_text(each, group)}" for place, each in zip(PLACES, judgements, strict=True))


def scores_text(judgement: Judgement, group: Group) -> str:
    """The judge's reply, reduced to a group; an unscored criterion is null."""
    return orjson.dumps({name: _shown(judgement.scores.get(name)) for name in group}).decode()


def critiques_of(notes: Sequence[Note]) -> list[str]:
    """The texts of critiques that a gradient is to follow; beside those of a pair it is said which are of one row."""
    paired = any(note.other for note in notes)
    return [f"({PLACES[0]} text by itself) {note.text}" if paired and not note.other else note.text for note in notes]


def feedback_about(group: Group, gradients: Sequence[Note]) -> list[str]:
    """The gradients that concern a group, each with its criteria in brackets."""
    return [f"({', '.join(note.group)}) {note.text}" for note in gradients if note.concerns(group)]


def _inputs(judge: Judge, row: dspy.Example, tags: Sequence[str]) -> str:
    return "\n".join(block(name, row[name], tags) for name in judge.task.input_names)


def _shown(score: float | None) -> orjson.Fragment | None:
    return None if score is None else orjson.Fragment(in_prompts(score))
