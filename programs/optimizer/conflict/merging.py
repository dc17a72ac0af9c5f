"""`--resolve merge`: a control. One LM call is asked to do what the equations are for: to resolve contradictions."""

from programs.optimizer.conflict.edits import condensed, feedback_lines
from programs.optimizer.plugs import Moment
from signatures.merge import MERGE_REQUEST, Merge
from signatures.records import Note


def merged(gradients: list[Note], moment: Moment) -> list[Note]:
    """One text in place of the step's gradients, for all criteria that they are about; the gradients where it fails."""
    inputs = {"feedback": feedback_lines(gradients), "request": MERGE_REQUEST}
    (text,) = condensed(moment, Merge, "merged", [inputs] if gradients else []) or [""]
    moment.told["resolve"] = {"steps": 1, "merged": int(bool(text)), "given": len(gradients)}
    named = {name for note in gradients for name in note.group}
    group = tuple(name for name in moment.judge.task.criterion_names if name in named)
    return [Note("gradient", "", group, text)] if text else gradients
