"""Reading an LM's reply, a JSON object or marked sections: lenient about what stands around, strict about what it says.

Nothing is repaired: a guess at what a broken object meant would be an invented score.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

CONFLICT = object()
"""Stands for a key that the reply gives several values: none is believed."""

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", flags=re.DOTALL | re.IGNORECASE)
_PLAIN = re.compile(r'["{}]')
_QUOTED = re.compile(r'\\.|"', flags=re.DOTALL)  # only within strings does a backslash escape


def read_object(text: str, names: tuple[str, ...]) -> dict[str, Any]:
    """What the reply's complete JSON objects say of `names`; `{}` where they say nothing.

    Prose, code fences and thoughts in <think> tags are skipped. Where objects differ about a name, neither is believed;
    where an object with one of the names is cut off, the answer was not finished and none is.

    >>> read_object('Sure: {"a": 1}', ("a",))
    {'a': 1}
    >>> read_object('{"a": 1', ("a",))
    {}
    """
    stretches, tail = _balanced(without_thoughts(text))
    if any(f'"{name}"' in tail or f"'{name}'" in tail for name in names):
        return {}
    objects = [value for value in map(_load, stretches) if isinstance(value, dict)]
    found = [value for value in objects if any(name in value for name in names)]
    return _without_conflicts([pair for value in found for pair in value.items()])


def finished_texts(text: str, names: Sequence[str]) -> dict[str, Any]:
    """The text fields of an object that is cut off, those whose closing quote was reached; for texts that stand alone.

    >>> finished_texts('{"a": "one, two", "b": "thr', ("a", "b"))
    {'a': 'one, two'}
    """
    known = "|".join(map(re.escape, names))
    whole = rf'"(?:{known})"\s*:\s*"(?:\\.|[^"\\])*"(?=\s*[,}}])'
    fields = [_load(f"{{{field}}}") for field in re.findall(whole, without_thoughts(text), flags=re.DOTALL)]
    return _without_conflicts([pair for field in fields if field for pair in field.items()])


def without_thoughts(text: str) -> str:
    """The reply without what stands in <think> tags."""
    return _THOUGHT.sub("", text)


def read_sections(text: str, scales: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """What stands under each line `[[ ## name ## ]]` of the reply, by name.

    Where two sections of a name differ, neither is believed; nor is the reply's last one where it may be the beginning
    of another level: it was perhaps cut off. Where a line of that kind is, the answer was not finished and none is.

    >>> read_sections("[[ ## a ## ]]\\n1", {"a": (1, 2, 12)})["a"] is CONFLICT
    True
    """
    if re.search(r"^[ \t]*\[\[[^\]\n]*\]?\s*\Z", text, flags=re.MULTILINE):
        return {}
    parts = re.split(r"^[ \t]*\[\[ ## (\w+) ## \]\]", text, flags=re.MULTILINE)
    said: dict[str, Any] = {}
    for place, name in enumerate(parts[1::2]):
        value: Any = parts[2 * place + 2].strip()
        last = 2 * place + 3 == len(parts)
        if last and sum(str(level).startswith(value) for level in scales.get(name, ())) > 1:
            value = CONFLICT
        said[name] = value if said.get(name, value) == value else CONFLICT
    return said


def level_of(value: Any, levels: Sequence[int]) -> int | None:
    """The level of a scale that `value` is, as a number or as its digits; None for whatever else stands there."""
    if isinstance(value, bool):
        return None
    return next((level for level in levels if value == level or str(value).strip() == str(level)), None)


def _balanced(text: str) -> tuple[list[str], str]:
    """The outermost `{...}` stretches, braces inside JSON strings not counted, and the last one if it never closes."""
    found, depth, start, quoted, place = [], 0, 0, False, 0
    while match := (_QUOTED if quoted else _PLAIN).search(text, place):
        place, token = match.end(), match.group()
        if token == '"' and depth:
            quoted = not quoted
        elif token == "{":
            start, depth = (match.start(), 1) if depth == 0 else (start, depth + 1)
        elif token == "}" and depth:
            depth -= 1
            if depth == 0:
                found.append(text[start : match.end()])
    return found, text[start:] if depth else ""


def _load(candidate: str) -> Any:
    """JSON, or the same as a Python literal (single quotes, trailing comma); None for anything else."""
    try:
        return json.loads(candidate, object_pairs_hook=_without_conflicts, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        tree = ast.parse(candidate.strip(), mode="eval").body
        if not isinstance(tree, ast.Dict) or None in tree.keys:
            return None
        pairs = zip(tree.keys, tree.values, strict=True)
        return _without_conflicts([(ast.literal_eval(key), ast.literal_eval(value)) for key, value in pairs if key])
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _without_conflicts(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        values[key] = value if key not in values or values[key] == value else CONFLICT
    return values
