"""The judge as a DSPy program whose predictors' instructions are the rubrics."""

from typing import Any, Literal

import dspy

from programs.optimizer.peers.bench import Bench
from signatures.records import Criterion


class RubricProgram(dspy.Module):
    """A judge that scores a text on several criteria in one LM call. The instructions of each predictor are the rubric
    of one criterion: they tell the judge how to score it, and are put into the judge's prompt side by side. They are
    short instructions, to the judge, about this criterion only; the scale is fixed."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.rubrics = [dspy.Predict(rubric_signature(bench, criterion)) for criterion in bench.judge.task.criteria]
        self.initial = [predictor.signature.instructions for predictor in self.rubrics]

    def forward(self, **inputs: Any) -> dspy.Prediction:
        scores = self.bench.answer(self.rubric, inputs)
        if (trace := dspy.settings.trace) is not None:
            named = zip(scores.items(), self.rubrics, strict=True)
            trace.extend((rubric, inputs, dspy.Prediction(**{name: score})) for (name, score), rubric in named)
        return dspy.Prediction(**scores)

    @property
    def rubric(self) -> dict[str, str]:
        """Criterion -> rubric: the predictor's instructions, or the initial rubric while nobody has changed them."""
        initial = self.bench.judge.rubric
        texts = [predictor.signature.instructions for predictor in self.rubrics]
        pairs = zip(initial, self.initial, texts, strict=True)
        return {name: initial[name] if text == shown else text for name, shown, text in pairs}


def rubric_signature(bench: Bench, criterion: Criterion) -> type[dspy.Signature]:
    """One criterion's predictor: the task's inputs, its score, and its rubric as the instructions.

    A proposer may see these instructions alone (COPRO's does), so they say as well whose rubric it is: in the judge's
    prompt the criterion's name stands before the rubric.
    """
    fields: dict = {item.name: (str, dspy.InputField(desc=item.label)) for item in bench.judge.task.inputs}
    scale = f"from {criterion.low} to {criterion.high}"
    fields[criterion.name] = (Literal[criterion.levels], dspy.OutputField(desc=f"{criterion.meaning}, {scale}"))
    rubric = bench.judge.rubric[criterion.name]
    return dspy.Signature(fields, f"{rubric} (The rubric for {criterion.meaning}, which a judge scores {scale}.)")
