"""The layout of isolated criteria: what a row's calls share comes first, what is one criterion's own comes last.

The paper would mask attention, so that no output field sees another's rubric. Over a chat that is one call a criterion:
all of a row begin with the same words (directive and inputs), byte for byte, and end with the criterion's name, scale,
rubric and the reply's shape. A server that keeps prefixes reads the shared words once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dspy
import orjson

from programs.backends.adapter import CompactAdapter, rubric_text, shape_text, user_text

REPLY = "Reply with one JSON object only, in the form of the last line."
"""Said before the texts, where it is paid for once a prompt that is new, and not once a criterion."""


class IsolatedAdapter(CompactAdapter):
    """The compact adapter's words with the rubric behind the inputs. Demos stand before them: their texts are shared,
    their scores are the criterion's own."""

    def system(self, signature: type[dspy.Signature]) -> str:
        return f"{signature.instructions}\n{REPLY}"

    def user(
        self, signature: type[dspy.Signature], inputs: dict[str, Any], demos: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        return "\n".join([*shared_parts(signature, inputs, demos), branch_text(signature, demos)])

    def turns(self, signature: type[dspy.Signature], demos: Sequence[Any]) -> list[dict[str, Any]]:
        return []


def shared_parts(
    signature: type[dspy.Signature], inputs: dict[str, Any], demos: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """Examples and inputs: whatever the criterion, the same."""
    examples = [f"Example {number}:\n{user_text(signature, dict(demo))}" for number, demo in enumerate(demos, start=1)]
    return [*examples, *(["To be judged:"] if demos else []), user_text(signature, inputs)]


def branch_text(signature: type[dspy.Signature], demos: Sequence[Mapping[str, Any]] = ()) -> str:
    """Rubric, the examples' scores and the reply's shape: of these criteria alone."""
    names = tuple(signature.output_fields)
    scores = [orjson.dumps({name: demo[name] for name in names}).decode() for demo in demos]
    told = [f"Scores of the examples, in their order: {' '.join(scores)}"] if scores else []
    return "\n".join([rubric_text(signature), *told, shape_text(signature)])
