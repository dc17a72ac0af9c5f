"""The judge's signature: a directive, the task's inputs, and one `Literal` score per criterion.

A criterion's rubric is the `desc` of its output field and lives nowhere else, so DSPy's own state (`save`, `load`)
carries the whole optimized prompt.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import dspy

from signatures.records import Criterion, Rubric


def judge_signature(
    instructions: str, inputs: Mapping[str, str], criteria: Sequence[Criterion], rubric: Rubric | None = None
) -> type[dspy.Signature]:
    """The signature that scores `criteria` (one, some or all of a task's) in one call.

    `inputs` maps each input's name to its label, in prompt order. `rubric` overrides the criteria's initial rubrics.
    """
    rubric = rubric or {}
    outputs = [(each.name, each.levels, rubric.get(each.name, each.initial_rubric)) for each in criteria]
    return _signature(instructions, tuple(inputs.items()), tuple(outputs))


def rubric_of(signature: type[dspy.Signature]) -> dict[str, str]:
    """The rubric that a judge's signature holds: output field -> `desc`."""
    return {name: field.json_schema_extra["desc"] for name, field in signature.output_fields.items()}


@lru_cache(maxsize=64)
def _signature(
    instructions: str, inputs: tuple[tuple[str, str], ...], outputs: tuple[tuple[str, tuple[int, ...], str], ...]
) -> type[dspy.Signature]:
    """Kept, since Pydantic takes milliseconds to make a class and a run's judges have few; nothing changes one."""
    fields: dict = {name: (str, dspy.InputField(desc=label)) for name, label in inputs}
    for name, levels, text in outputs:
        fields[name] = (Literal[levels], dspy.OutputField(desc=text))
    return dspy.Signature(fields, instructions)
