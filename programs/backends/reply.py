"""Reading the JSON object of an LM's reply: lenient about what stands around it, strict about what it says."""

import json
import re
from collections.abc import Iterator
from typing import Any

import json_repair

CONFLICT = object()
"""Stands for a key that the object gives twice with different values: neither is believed."""


def read_object(text: str, names: tuple[str, ...]) -> dict[str, Any]:
    """The reply's last complete JSON object that has any of `names` as a key; `{}` where there is none.

    Prose and code fences around it are skipped. An object without its closing brace is cut off and says nothing:
    `{"score": 1` may have been going to say 10.

    >>> read_object('Sure: {"a": 1} or rather {"a": 2}', ("a",))
    {'a': 2}
    >>> read_object('{"a": 1', ("a",))
    {}
    """
    found: dict[str, Any] = {}
    for candidate in _balanced(text):
        value = _load(candidate)
        if isinstance(value, dict) and any(name in value for name in names):
            found = value
    return found


def _balanced(text: str) -> Iterator[str]:
    """The outermost `{...}` stretches of a text, braces inside JSON strings not counted."""
    depth, start, quoted = 0, 0, False
    for match in re.finditer(r'\\.|["{}]', text, flags=re.DOTALL):
        token = match.group()
        if token == '"' and depth:
            quoted = not quoted
        elif token == "{" and not quoted:
            start, depth = (match.start(), 1) if depth == 0 else (start, depth + 1)
        elif token == "}" and not quoted and depth:
            depth -= 1
            if depth == 0:
                yield text[start : match.end()]


def _load(candidate: str) -> Any:
    try:
        return json.loads(candidate, object_pairs_hook=_without_conflicts, strict=False)
    except json.JSONDecodeError:
        return json_repair.loads(candidate)  # single quotes, trailing commas, comments
    except (ValueError, RecursionError):  # numbers or nesting beyond Python's limits
        return None


def _without_conflicts(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        values[key] = value if values.get(key, value) == value else CONFLICT
    return values
