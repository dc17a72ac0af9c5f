"""A request whose reply DSPy's client leaves as the text that it is."""

from dataclasses import replace
from typing import Any

import dspy
from dspy.lm15 import Request


def unparsed(request: Request, lm: dspy.LM) -> Request:
    """The request with the levels of each scale that begins at 0 in falling order, which means the same to a server.

    By a rising 0, 1, 2, ... DSPy's client knows a judgment and parses the reply itself, strictly and leniently in the
    wrong places: NaN beside a valid score is an error that ends the run, and of a key that is said twice it believes
    the last. The reply is ours to read (`reply`). Only its own client does so, not an engine that was given to it.
    """
    form = request.config.response_format
    schema = form.get("schema") if form is not None else None
    if not isinstance(lm.engine, str) or schema is None:
        return request
    properties = {name: _falling(each) for name, each in schema.get("properties", {}).items()}
    return replace(
        request,
        config=replace(request.config, response_format={**form, "schema": {**schema, "properties": properties}}),
    )


def _falling(declared: Any) -> Any:
    levels = declared.get("enum") if isinstance(declared, dict) else None
    if levels != list(range(len(levels or ()))):
        return declared
    return {**declared, "enum": levels[::-1]}
