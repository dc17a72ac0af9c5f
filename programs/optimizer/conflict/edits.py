"""A step's gradients as atomic edits: one call of the role `condense`, read line by line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dspy
from dspy.utils.exceptions import AdapterParseError

from programs.backends.adapter import ProseAdapter
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Moment
from programs.optimizer.stages import Batch
from programs.records.unanswered import NO_REPLY
from signatures.edits import LOWER, RAISE, REASONS, Edit, Edits, Opening, edits_request, read_edits
from signatures.records import Criterion, Group, Note, nearest_level


@dataclass(frozen=True)
class Proposed:
    """The edits that were read of a step's gradients, and how many lines were dropped, by reason."""

    edits: tuple[Edit, ...]
    dropped: Counter[str]

    def counts(self) -> dict[str, int]:
        """Lines written, edits read, and lines dropped for each reason, as a plug tells them."""
        by_reason = {f"dropped_{reason}": self.dropped[reason] for reason in REASONS if self.dropped[reason]}
        return {"proposed": len(self.edits) + self.dropped.total(), "read": len(self.edits), **by_reason}


def split_into_edits(gradients: Sequence[Note], moment: Moment, most: int) -> Proposed:
    """At most `most` edits of the criteria that the gradients are about. No gradient, no call."""
    criteria = about(gradients, moment.judge)
    inputs = {
        "criteria": scale_lines(criteria),
        "feedback": feedback_lines(gradients),
        "request": edits_request(openings(criteria, moment.batch)[:most]),
    }
    (reply,) = condensed(moment, Edits, "edits", [inputs] if gradients else []) or [""]
    lines = read_edits(reply, criteria, most)
    edits = tuple(line.edit for line in lines if line.edit is not None)
    return Proposed(edits, Counter(line.reason for line in lines if line.edit is None))


def openings(criteria: Sequence[Criterion], batch: Batch) -> list[Opening]:
    """Every criterion and way, those first by which the batch's scores are farthest off in all, as a share of the
    scale. The level is what humans gave there, in the mean; the end of the scale where no score is off that way."""
    found = [_opening(each, way, batch) for way in (RAISE, LOWER) for each in criteria]
    return [opening for _, opening in sorted(found, key=lambda pair: -pair[0])]


def _opening(criterion: Criterion, way: str, batch: Batch) -> tuple[float, Opening]:
    """How far the batch's scores are off that way, and the opening for it."""
    low, high, name = criterion.low, criterion.high, criterion.name
    sign, end = (1, high) if way == RAISE else (-1, low)
    rated = [(float(row[name]), said.scores.get(name)) for row, said in batch.pairs()]
    off = [(sign * (human - score), human) for human, score in rated if score is not None]
    wrong = [(size, human) for size, human in off if size > 0]
    level = sum(human for _, human in wrong) / len(wrong) if wrong else end
    return sum(size for size, _ in wrong) / max(high - low, 1), Opening(name, way, nearest_level(level))


def about(gradients: Sequence[Note], judge: Judge) -> Sequence[Criterion]:
    """The criteria that the gradients speak of, in the task's order."""
    named = {name for note in gradients for name in note.group}
    return judge.task.select(tuple(name for name in judge.task.criterion_names if name in named))


def scale_lines(criteria: Sequence[Criterion]) -> list[str]:
    """Name, scale and meaning of each."""
    return [f"{each.name} ({each.low}-{each.high}): {each.meaning}" for each in criteria]


def feedback_lines(gradients: Sequence[Note]) -> list[str]:
    """The gradients as the rewrite is shown them."""
    return [f"({', '.join(note.group)}) {note.text}" for note in gradients]


def condensed(
    moment: Moment, signature: type[dspy.Signature], field: str, asked: Sequence[Mapping[str, object]]
) -> list[str]:
    """A text for each of `asked` (one at most is planned a step), written by the role `condense`; "" for no reply."""
    search, write = moment.search, dspy.Predict(signature)

    def text(inputs: Mapping[str, object]) -> str:
        try:
            return str(write(**inputs)[field])
        except (AdapterParseError, *NO_REPLY):
            return ""

    with search.roles.playing("condense"), dspy.context(adapter=ProseAdapter()):
        return search.pool.map("condense", text, asked, 1)


def as_note(edit: Edit, judge: Judge) -> Note:
    """The edit as the feedback that the rewrite is to follow."""
    return Note("gradient", "", (edit.criterion,), sentence_of(edit, judge))


def edited(judge: Judge, edit: Edit) -> Judge:
    """The judge with this one edit: its sentence at the end of its criterion's rubric. A calibration stays: scores that
    were read without it would differ from the judge's own by all that it does, whatever the edit says."""
    text = f"{judge.rubric[edit.criterion]} {sentence_of(edit, judge)}"
    return judge.with_rubric({edit.criterion: text}).with_calibration(judge.calibration)


def sentence_of(edit: Edit, judge: Judge) -> str:
    """The edit in words."""
    group: Group = (edit.criterion,)
    return edit.sentence(judge.task.select(group)[0].title)
