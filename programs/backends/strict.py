"""DSPy's JSON and chat adapters, with replies read as strictly as the compact adapter reads them.

DSPy's own reading repairs JSON that was cut off, so that half of a 12 is a 1, and takes True for 1: invented scores.
"""

from typing import Any

import dspy

from programs.backends.adapter import levels_of, valid_fields
from programs.backends.reply import read_object, read_sections


class StrictJSONAdapter(dspy.JSONAdapter):
    """DSPy's prompt; of the reply, the JSON objects that are whole and do not contradict each other."""

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        said = read_object(completion, tuple(signature.output_fields))
        return valid_fields(type(self).__name__, signature, completion, said)


class StrictChatAdapter(dspy.ChatAdapter):
    """DSPy's prompt; of the reply, the sections that hold a level of the scale and nothing else."""

    def __init__(self) -> None:
        super().__init__(use_json_adapter_fallback=False)  # its retry would go uncounted

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        scales = {name: levels_of(field.annotation) for name, field in signature.output_fields.items()}
        said = read_sections(completion, scales)
        return valid_fields(type(self).__name__, signature, completion, said)
