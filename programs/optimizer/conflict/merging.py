"""`--resolve merge`: a control. One LM call is asked to do what the equations are for: to resolve contradictions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import dspy
from dspy.utils.exceptions import AdapterParseError

from programs.backends.adapter import FinishedFieldsAdapter
from programs.optimizer.conflict.edits import about, feedback_lines, scale_lines
from programs.optimizer.plugs import Moment
from programs.optimizer.shown import rubric_lines
from programs.records.unanswered import NO_REPLY
from signatures.merge import is_merged, merge_request, merge_signature
from signatures.records import Note


def merged(gradients: list[Note], moment: Moment) -> list[Note]:
    """One text a criterion in place of the step's gradients; these still speak for a criterion whose text is missing.

    `told` are the criteria that had gradients (`due`), and those of them with a merged text.
    """
    said = _said(gradients, moment)
    due = about(gradients, moment.judge)
    moment.told["resolve"] = {"steps": 1, "given": len(gradients), "due": len(due), "merged": len(said)}
    left = [(note, tuple(name for name in note.group if name not in said)) for note in gradients]
    kept = [replace(note, group=group) for note, group in left if group]
    return [*(Note("gradient", "", (name,), text) for name, text in said.items()), *kept]


def _said(gradients: Sequence[Note], moment: Moment) -> dict[str, str]:
    """Criterion -> its merged text, of one call; no gradient, no call."""
    judge, search = moment.judge, moment.search
    criteria = about(gradients, judge)
    inputs = {
        "criteria": scale_lines(criteria),
        "rubric": rubric_lines(judge, tuple(each.name for each in criteria)),
        "feedback": feedback_lines(gradients),
        "request": merge_request(criteria),
    }

    def texts(asked: Mapping[str, object]) -> Mapping[str, object]:
        try:
            return dspy.Predict(merge_signature(criteria))(**asked).toDict()
        except AdapterParseError as error:
            return error.parsed_result or {}
        except NO_REPLY:
            return {}

    with search.roles.playing("condense"), dspy.context(adapter=FinishedFieldsAdapter(judge.schema)):
        (found,) = search.pool.map("condense", texts, [inputs] if gradients else [], 1) or [{}]
    return {each.name: text for each in criteria if is_merged(text := str(found.get(each.name, "")))}
