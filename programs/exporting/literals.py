"""Values as Python source, for people to read: long texts in pieces, one line of the text a line of the source."""

from typing import Any

WIDTH = 120
"""Longest line, as in this project's own code: what `ruff format` would join stands on one line already."""


def literal(value: Any, indent: int = 0, lead: int = 0) -> str:
    """Texts, numbers, None, lists, tuples and dicts as source.

    Lines after the first begin at `indent` spaces; on the first, `lead` characters stand before the value.
    """
    if isinstance(value, str):
        return _text(value, indent, lead)
    if isinstance(value, dict):
        keys = [f"{quoted(key)}: " for key in value]
        items = [key + literal(each, indent + 4, len(key)) for key, each in zip(keys, value.values(), strict=True)]
        return _bracketed("{", items, "}", indent)
    if isinstance(value, list):
        return _bracketed("[", [literal(each, indent + 4) for each in value], "]", indent)
    if isinstance(value, tuple):
        items = [literal(each, indent + 4) for each in value]
        return f"({items[0]},)" if len(items) == 1 else _bracketed("(", items, ")", indent)
    return repr(value)


def quoted(text: str) -> str:
    """A text between quotes: nothing in it can end it, and what does not print is escaped."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(f"\\{each}" if each == quote else repr(each)[1:-1] for each in text) + quote


def _text(text: str, indent: int, lead: int) -> str:
    whole = quoted(text)
    if indent + lead + len(whole) + 1 <= WIDTH:
        return whole
    return _bracketed("(", _pieces(text, WIDTH - indent - 4), ")", indent, between="")


def _pieces(text: str, width: int) -> list[str]:
    """The text's lines as literals, those that would be wider broken behind spaces, or anywhere."""
    found = []
    for line in text.splitlines(keepends=True):
        while len(quoted(line)) > width:
            end = width - 2
            while len(quoted(line[:end])) > width:
                end -= 1
            end = line.rfind(" ", 1, end) + 1 or end
            found.append(quoted(line[:end]))
            line = line[end:]
        found.append(quoted(line))
    return found


def _bracketed(start: str, items: list[str], end: str, indent: int, between: str = ",") -> str:
    """On one line where that fits (never pieces of a text), else one item a line."""
    line = f"{start}{', '.join(items)}{end}"
    if between and "\n" not in line and indent + len(line) <= WIDTH - 10:  # room for what leads and follows
        return line
    inner = " " * (indent + 4)
    return "\n".join([start, *(f"{inner}{item}{between}" for item in items), " " * indent + end])
