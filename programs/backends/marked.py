"""DSPy's own adapters, with inputs that cannot pass for a field and replies that are not believed twice.

Both delimit fields by headers (`[[ ## name ## ]]`). As they stand in DSPy a text may hold such a header, or a mark that
DSPy unfolds into an image; and of a reply that quotes the text before it answers, they take the quotation.
"""

import json
import re
from typing import Any

import dspy
from dspy.adapters.chat_adapter import field_header_pattern
from dspy.utils.exceptions import AdapterParseError

from programs.backends.markers import defused_headers
from programs.backends.reply import CONFLICT, objects_begun, read_object, without_thoughts


class MarkedChatAdapter(dspy.ChatAdapter):
    """DSPy's ChatAdapter. A reply that gives a field several values is unscored, as a whole."""

    def __init__(self) -> None:
        super().__init__(use_json_adapter_fallback=False)  # its retry would go uncounted

    def format_user_message_content(self, signature, inputs, *args, **options) -> str:  # type: ignore[no-untyped-def]
        return super().format_user_message_content(signature, _defused(inputs), *args, **options)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        said = _sections(completion)
        if twice := [name for name in signature.output_fields if len(said.get(name, ())) > 1]:
            raise AdapterParseError(
                adapter_name=type(self).__name__,
                signature=signature,
                lm_response=completion,
                message=f"several values for {', '.join(twice)}",
            )
        return super().parse(signature, completion)


class MarkedJSONAdapter(dspy.JSONAdapter):
    """DSPy's JSONAdapter, which mends a broken object, but only where the reply holds no other.

    Of several objects it is read as a reply of the compact adapter: where they differ about a field, none is believed.
    """

    def format_user_message_content(self, signature, inputs, *args, **options) -> str:  # type: ignore[no-untyped-def]
        return super().format_user_message_content(signature, _defused(inputs), *args, **options)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        said = read_object(completion, tuple(signature.output_fields))
        if said:
            whole = {name: value for name, value in said.items() if value is not CONFLICT}
            return super().parse(signature, json.dumps(whole, default=str))
        mendable = objects_begun(completion) < 2
        return super().parse(signature, without_thoughts(completion) if mendable else "{}")


def _defused(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: defused_headers(value) if isinstance(value, str) else value for name, value in inputs.items()}


def _sections(completion: str) -> dict[str, set[str]]:
    """Field -> the values that stand under its headers."""
    found: dict[str, set[str]] = {}
    name, lines = "", list[str]()
    for line in [*completion.splitlines(), "[[ ## completed ## ]]"]:
        if header := field_header_pattern.match(line.strip()):
            found.setdefault(name, set()).add("\n".join(lines).strip())
            name, lines = header.group(1), [re.split(r"## \]\]", line, maxsplit=1)[1]]
        else:
            lines.append(line)
    return found
