"""The last words of a prompt: what to write now, and how it begins.

After a page of cases and feedback a small LM has forgotten its instructions: it copies the prompt, or writes "," for a
rubric. A request comes last and stands outside the tags that hold data.
"""

from typing import Annotated, Any

Request = Annotated[str, "request"]
"""The type of an input field that is a request and not data."""


def is_request(field: Any) -> bool:
    return "request" in field.metadata
