"""Feedback adherence: how well a rewritten rubric applies what the gradient says, rated 1 to 10 by an LM (PAPER)."""

from collections.abc import Mapping, Sequence
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from signatures.ratings import Adherence
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


def rewrites(
    criteria: Sequence[Criterion], gradients: Sequence[Note], before: Rubric, proposal: Rubric
) -> list[tuple[dspy.Example, dict[str, str]]]:
    """One (example, prediction) pair per rewritten criterion of a step: its gradients, old and new rubric."""
    pairs = []
    for criterion in criteria:
        feedback = "\n\n".join(note.text for note in gradients if criterion.name in note.group)
        if feedback and criterion.name in proposal:
            example = dspy.Example(
                criterion=f"{criterion.title}: {criterion.meaning}",
                feedback=feedback,
                old_rubric=before[criterion.name],
            ).with_inputs("criterion", "feedback", "old_rubric")
            pairs.append((example, {"new_rubric": proposal[criterion.name]}))
    return pairs
