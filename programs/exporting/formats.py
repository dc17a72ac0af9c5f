"""The forms that a judge is exported in, one module each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from programs.exporting import inspect_scorer, mlflow_judges, openai_messages, plain_text, promptfoo_folder
from programs.exporting.calls import Exported

Files = Mapping[str, str]
"""File name -> content; the one file of a format that is no folder has the name ""."""


@dataclass(frozen=True)
class Format:
    """How a judge is written: `write(exported, name)` gives the files, `name` being that of the file or folder.

    `logprobs`: whether token probabilities reach what reads the replies, without which scores are no expectations.
    `notes(exported)` are further lines on what the form does not keep.
    """

    write: Callable[[Exported, str], Files]
    logprobs: bool
    folder: bool = False
    python: bool = False
    notes: Callable[[Exported], list[str]] = lambda exported: []


FORMATS: Mapping[str, Format] = {
    "text": Format(plain_text.write, logprobs=False),
    "openai": Format(openai_messages.write, logprobs=True),
    "promptfoo": Format(promptfoo_folder.write, logprobs=False, folder=True),
    "inspect": Format(inspect_scorer.write, logprobs=True, python=True),
    "mlflow": Format(mlflow_judges.write, logprobs=True, python=True, notes=mlflow_judges.notes),
}
