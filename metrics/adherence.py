"""Feedback adherence: how well a rewritten rubric applies what the gradient says, rated 1 to 10 by an LM (PAPER)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from signatures.ratings import Adherence, adherence_request, target_line
from signatures.records import Criterion, Note, Rubric


def adherence(example: dspy.Example, prediction: Mapping[str, Any], trace: object = None) -> int | None:
    """A DSPy metric: how well `prediction["new_rubric"]` applies `example["feedback"]` about `example["criterion"]`.

    Asks `dspy.settings.lm`, under the settings' adapter. None where the rater gave no valid rating (unrated).
    """
    try:
        rated = dspy.Predict(Adherence)(**example.inputs().toDict(), new_rubric=prediction["new_rubric"])
    except AdapterParseError:
        return None
    return rated["rating"]


@dataclass(frozen=True)
class Rewritten:
    """One rating to be made: a criterion's rubric before and after, and the feedback between them."""

    criterion: Criterion
    feedback: str
    before: str
    after: str

    def example(self) -> dspy.Example:
        asked = dspy.Example(
            feedback=self.feedback,
            old_rubric=self.before,
            criterion=target_line(self.criterion),
            request=adherence_request(self.criterion),
        )
        return asked.with_inputs("feedback", "old_rubric", "criterion", "request")

    def rate(self) -> int | None:
        return adherence(self.example(), {"new_rubric": self.after})


def rewrites(
    criteria: Sequence[Criterion], gradients: Sequence[Note], before: Rubric, proposal: Rubric
) -> list[Rewritten]:
    """The rewritten criteria of a step that had feedback."""
    found = []
    for criterion in criteria:
        feedback = "\n\n".join(note.text for note in gradients if criterion.name in note.group)
        if feedback and criterion.name in proposal:
            found.append(Rewritten(criterion, feedback, before[criterion.name], proposal[criterion.name]))
    return found
