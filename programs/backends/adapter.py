"""The compact adapter: directive, rubrics and inputs in few tokens, and a reply constrained by JSON schema.

DSPy's ChatAdapter spends about 650 prompt tokens on a 20-token text, most of them on describing its own format.
Here the system message is the directive, one line or block a criterion, and the reply's shape; the user message is the
inputs in tags. Everything that changes from row to row comes last, so prefix caches keep the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import dspy
import orjson
from dspy.adapters.base import Adapter
from dspy.clients.capabilities import with_capability_planning
from dspy.utils.exceptions import AdapterParseError

from programs.backends.markers import defused
from programs.backends.reply import finished_texts, level_of, read_object
from signatures.request import is_request

SCHEMA_CHOICES = ("auto", "on", "off")


class CompactAdapter(Adapter):
    """Renders any signature compactly; the reply is one JSON object with the output fields.

    `schema`: "on" always sends a JSON schema, "off" never, "auto" where the LM declares that it follows one.
    """

    def __init__(self, schema: str = "auto") -> None:
        if schema not in SCHEMA_CHOICES:
            raise ValueError(f"schema must be one of {', '.join(SCHEMA_CHOICES)}, got {schema!r}")
        super().__init__()
        self.schema = schema

    @with_capability_planning
    def __call__(self, lm, lm_kwargs, signature, demos, inputs) -> list[dict[str, Any]]:  # type: ignore[no-untyped-def]
        if self.constrains(lm):
            lm_kwargs = {**lm_kwargs, "response_format": response_format(signature)}
        return super().__call__(lm, lm_kwargs, signature, demos, inputs)

    def constrains(self, lm: dspy.BaseLM) -> bool:
        """Whether replies of that LM are to follow a JSON schema."""
        return self.schema == "on" or (self.schema == "auto" and lm.supports_response_schema)

    def system(self, signature: type[dspy.Signature]) -> str:
        """What is said before any text."""
        return system_text(signature) + "\n" + reply_text(signature)

    def user(
        self, signature: type[dspy.Signature], inputs: dict[str, Any], demos: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """What is said of one row; solved examples have turns of their own."""
        return user_text(signature, inputs)

    def format(self, signature, demos, inputs) -> list[dict[str, Any]]:  # type: ignore[no-untyped-def]
        return [
            {"role": "system", "content": self.system(signature)},
            *self.turns(signature, demos),
            {"role": "user", "content": self.user(signature, inputs, demos)},
        ]

    def turns(self, signature: type[dspy.Signature], demos: Sequence[Any]) -> list[dict[str, Any]]:
        """Solved examples: what is said of each, and the reply to it."""
        messages = []
        for demo in demos:
            messages.append({"role": "user", "content": self.user(signature, demo)})
            messages.append({"role": "assistant", "content": assistant_text(signature, demo)})
        return messages

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The valid fields of the reply. A missing or invalid one raises, and the error holds the valid ones."""
        reply = read_object(completion, tuple(signature.output_fields))
        return valid_fields(type(self).__name__, signature, completion, reply)


class FinishedFieldsAdapter(CompactAdapter):
    """The same for texts that do not depend on one another: a reply that is cut off has those before the cut."""

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        names = tuple(signature.output_fields)
        reply = read_object(completion, names) or finished_texts(completion, names)
        return valid_fields(type(self).__name__, signature, completion, reply)


class ProseAdapter(CompactAdapter):
    """The same layout for signatures with one text output: the whole reply is that text."""

    def __init__(self) -> None:
        super().__init__(schema="off")

    def format(self, signature, demos, inputs) -> list[dict[str, Any]]:  # type: ignore[no-untyped-def]
        return [
            {"role": "system", "content": signature.instructions},
            {"role": "user", "content": user_text(signature, inputs)},
        ]

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        (name,) = signature.output_fields
        return {name: completion.strip()}


def valid_fields(
    adapter: str, signature: type[dspy.Signature], completion: str, said: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of which the reply said something valid. Unless all, AdapterParseError, which holds them."""
    values = {name: _valid(field.annotation, said.get(name)) for name, field in signature.output_fields.items()}
    valid = {name: value for name, value in values.items() if value is not None}
    if len(valid) < len(values):
        missing = ", ".join(name for name in values if name not in valid)
        raise AdapterParseError(
            adapter_name=adapter,
            signature=signature,
            lm_response=completion,
            parsed_result=valid,
            message=f"no valid value for {missing}",
        )
    return valid


def system_text(signature: type[dspy.Signature]) -> str:
    """Directive and rubrics, as the judge reads them (also what a gradient sees as the judge's prompt)."""
    return f"{signature.instructions}\n{rubric_text(signature)}"


def rubric_text(signature: type[dspy.Signature]) -> str:
    """A line or block a criterion: name, scale and rubric."""
    return "\n".join(rubric_line(name, field) for name, field in signature.output_fields.items())


def rubric_line(name: str, field: Any) -> str:
    """One of them."""
    return f"{name}{_scale(field)}: {_desc(field)}"


def reply_text(signature: type[dspy.Signature]) -> str:
    """The reply's shape, without spaces, as replies (and demos) are: each space would be a token."""
    return f"Reply with one JSON object only: {shape_text(signature)}"


def shape_text(signature: type[dspy.Signature]) -> str:
    """The reply, with a slot for each value."""
    return "{" + ",".join(f'"{name}":{_slot(field)}' for name, field in signature.output_fields.items()) + "}"


def user_text(signature: type[dspy.Signature], inputs: dict[str, Any]) -> str:
    """The inputs in tags; a request (`signatures.request`) stands without, since it is no data."""
    tags = [name for name, field in signature.input_fields.items() if not is_request(field)]
    return "\n".join(
        block(name, inputs[name], tags) if name in tags else str(inputs[name])
        for name in signature.input_fields
        if inputs.get(name) is not None
    )


def assistant_text(signature: type[dspy.Signature], outputs: dict[str, Any]) -> str:
    return orjson.dumps({name: outputs[name] for name in signature.output_fields}).decode()


def block(tag: str, value: Any, tags: Sequence[str]) -> str:
    """A value between tags; in it, whatever could end it or pass for another of the prompt's `tags` is defused."""
    text = "\n".join(f"- {item}" for item in value) if isinstance(value, list | tuple) else str(value)
    return f"<{tag}>\n{defused(text, tags)}\n</{tag}>"


def response_format(signature: type[dspy.Signature]) -> dict[str, Any]:
    """The JSON schema of the reply, in OpenAI's wire shape: an enum a score, a string a text."""
    schema = {
        "type": "object",
        "properties": {name: _property(field.annotation) for name, field in signature.output_fields.items()},
        "required": list(signature.output_fields),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


def _property(annotation: Any) -> dict[str, Any]:
    levels = levels_of(annotation)
    return {"type": "integer", "enum": list(levels)} if levels else {"type": "string"}


def levels_of(annotation: Any) -> tuple[int, ...]:
    """The scale of a `Literal` of whole numbers; empty for a text field."""
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _scale(field: Any) -> str:
    levels = levels_of(field.annotation)
    return f" ({levels[0]}-{levels[-1]})" if levels else ""


def _slot(field: Any) -> str:
    levels = levels_of(field.annotation)
    return f"<{levels[0]}-{levels[-1]}>" if levels else "<text>"


def _desc(field: Any) -> str:
    return field.json_schema_extra.get("desc") or ""


def _valid(annotation: Any, value: Any) -> Any:
    """`value` as the field's type, or None: a level of the scale (as a number or its digits) or a non-empty text."""
    levels = levels_of(annotation)
    if not levels:
        return value.strip() or None if isinstance(value, str) else None
    return level_of(value, levels)
