"""A Python file with MLflow judges (`make_judge`, one a criterion), and a scorer that asks as judgegrad asks.

make_judge cannot send the judge's own messages: it puts instructions into a system prompt of its own ("You are an
expert judge ..."), the texts as JSON into the user's message, and asks for `result` and `rationale` (MLflow 3.17). It
checks no value against its type, and knows no type for several criteria on scales of their own.
"""

import re
from pathlib import Path

from programs.backends.adapter import system_text
from programs.exporting.calls import Call, Exported
from programs.exporting.python_file import python_file
from signatures.records import Criterion


def write(exported: Exported, name: str) -> dict[str, str]:
    """One Python file."""
    options = exported.calls[0].options
    file = python_file(
        "mlflow.py.jinja",
        exported,
        ["import os", "from typing import Literal"],
        module=Path(name).stem,
        model=exported.model or "YOUR-MODEL",
        sampling={name: options[name] for name in ("temperature", "seed") if name in options},
        instructions={
            each.name: _instructions(exported, call, each) for call in exported.calls for each in call.criteria
        },
    )
    return {"": file}


def notes(exported: Exported) -> list[str]:
    """What make_judge does not keep."""
    found = ["make_judge words the prompt anew, one LM call a criterion: `same_prompt` gives judgegrad's scores"]
    if exported.expects:
        found.append(
            "make_judge sees no token probabilities: `judges` and `scorers` give whole numbers, not expectations"
        )
    labels = (each.label for each in exported.judge.task.inputs)
    if any("{{" in text for text in (exported.judge.task.instructions, *exported.judge.rubric.values(), *labels)):
        found.append("make_judge takes {{ for a variable of its own: its instructions have { { instead")
    return found


def _instructions(exported: Exported, call: Call, criterion: Criterion) -> str:
    """The judge's directive and rubrics, which text is judged, and the one criterion to score."""
    prompt = system_text(exported.judge.prompt_signature(tuple(each.name for each in call.criteria)))
    *others, judged = (f"the {_plain(each.label or each.name)}" for each in exported.judge.task.inputs)
    given = f"{{{{ inputs }}}} holds {', '.join(others)}. " if others else ""
    return (
        _plain(prompt)
        + f"\n\n{given}{{{{ outputs }}}} is {judged}.\n"
        + f"The result is the score of {criterion.name} alone: a whole number from {criterion.low} to {criterion.high}"
    )


def _plain(text: str) -> str:
    """The text without double braces, which MLflow would take for a variable and refuse."""
    return re.sub(r"\{(?=\{)", "{ ", text)
