"""DSPy's JSON and chat adapters, with inputs that cannot pass for a field, and replies that are read strictly.

Both delimit fields by headers (`[[ ## name ## ]]`). As they stand in DSPy a text may hold such a header, or a mark that
DSPy unfolds into an image; of a reply that quotes the text before it answers they take the quotation; and JSON that is
cut off is repaired, so that half of a 12 is a 1, and True taken for 1: invented scores.
"""

from typing import Any

import dspy

from programs.backends.adapter import levels_of, valid_fields
from programs.backends.markers import defused_headers
from programs.backends.reply import read_object, read_sections


class StrictJSONAdapter(dspy.JSONAdapter):
    """DSPy's prompt; of the reply, the JSON objects that are whole and do not contradict each other."""

    def format_user_message_content(self, signature, inputs, *args, **options) -> str:  # type: ignore[no-untyped-def]
        return super().format_user_message_content(signature, _defused(inputs), *args, **options)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        said = read_object(completion, tuple(signature.output_fields))
        return valid_fields(type(self).__name__, signature, completion, said)


class StrictChatAdapter(dspy.ChatAdapter):
    """DSPy's prompt; of the reply, the sections that hold a level of the scale and nothing else."""

    def __init__(self) -> None:
        super().__init__(use_json_adapter_fallback=False)  # its retry would go uncounted

    def format_user_message_content(self, signature, inputs, *args, **options) -> str:  # type: ignore[no-untyped-def]
        return super().format_user_message_content(signature, _defused(inputs), *args, **options)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        scales = {name: levels_of(field.annotation) for name, field in signature.output_fields.items()}
        said = read_sections(completion, scales)
        return valid_fields(type(self).__name__, signature, completion, said)


def _defused(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: defused_headers(value) if isinstance(value, str) else value for name, value in inputs.items()}
