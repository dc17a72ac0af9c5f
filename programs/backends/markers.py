r"""What in a text could pass for a part of the prompt around it, and one backslash in each such place.

A text to be judged is somebody else's words. It may hold the marks that delimit it (tags, DSPy's field headers), or the
tokens with which a chat template separates turns, plainly or in disguise: other case, spaces, characters of no width,
look-alike letters and brackets. Such a marker gets a backslash behind its first character (`<\/text>`): a reader still
sees what stands there, and it ends nothing. Nothing else of a text is changed, so a text without markers is sent as it
is. Words that ask for a score are no markers and stay.

Exported judges carry these functions word for word (`programs.exporting`), so this imports nothing of the project.
"""

import re
import unicodedata
from collections.abc import Iterable

CONTROL = (
    r"<\|[^|<>\s]{1,40}\|>"  # <|im_start|>, <|eot_id|>, <|START_OF_TURN_TOKEN|>
    r"|</?(?:start_of_turn|end_of_turn|tool_call|tool_response)>"
    r"|\[/?(?:inst|system_prompt|available_tools|tool_calls|tool_results)\]"
    r"|<</?sys>>"
)
"""Tokens of chat templates: ChatML and Qwen, Llama, Gemma, Mistral, Phi, Command, DeepSeek."""

LOCAL_CONTROL = CONTROL + r"|</?s>|<(?:bos|eos|pad|unk)>"
"""The same for a runtime that reads them in any text. (Elsewhere <s> is a tag of HTML.)"""

HEADER = r"\[\s*\[\s*#\s*#\s*\w+\s*#\s*#\s*\]\s*\]|<<custom-type-(?:start|end)-identifier>>"
"""A field's header as DSPy's ChatAdapter and JSONAdapter write it, and what DSPy would unfold into an image or file."""

_OPENS = r"[<\[\u2039\u2329\u276e\u27e8\u29fc\u3008\u3010\u3014\u301a\uff1c\uff3b\ufe64\u02c2\u1438]"

_HIDDEN = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\U000e0000-\U000e0fff]"
)
"""Characters that have no width."""

_ALIKE = str.maketrans(
    "\u2329\u276e\u27e8\u29fc\u3008\u02c2\u1438\u203a\u232a\u276f\u27e9\u29fd\u3009\u02c3\u1433"  # angles
    "\u3010\u3014\u301a\u3011\u3015\u301b\u2044\u2215\u29f8\u2571\u01c0\u2223\u2502\u2758\u23d0"  # brackets and lines
    "\u0430\u0432\u0435\u0451\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458\u0501\u04bb"
    "\u051b\u051d\u0261\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u1d0f",  # Cyrillic, Greek
    "\u2039\u2039\u2039\u2039\u2039\u2039\u2039>>>>>>>>[[[]]]////|||||abeekmhopctyxsijdhqwgaeikvoptuxio",
)
"""What looks like a bracket, bar, slash or Latin letter. Angle quotation marks have a sign of their own, since a word
between them is a quotation; behind one that is followed by a slash there is none."""


def defused(text: str, tags: Iterable[str]) -> str:
    """The text with a backslash in every tag of these names and in every token of a chat template."""
    return _backslashed(text, f"{tag_pattern(tags)}|{CONTROL}") if re.search(_OPENS, text) else text


def tag_pattern(tags: Iterable[str]) -> str:
    """What opens or closes a field of one of these names (at least one), a closing tag without its end too."""
    names = "|".join(re.escape(_folded(tag)[0]) for tag in tags)
    return rf"[<\u2039]\s*/[\s/]*(?:{names})(?![\w-])|<\s*(?:{names})(?:\s[^<>]{{0,200}})?/?\s*>"


def defused_headers(text: str) -> str:
    """The text with a backslash in every header of DSPy's adapters and in every token of a chat template."""
    return _backslashed(text, f"{HEADER}|{CONTROL}")


def without_control(text: str) -> str:
    """The text with a backslash in every token of a chat template, for a runtime that reads them anywhere."""
    return _backslashed(text, LOCAL_CONTROL)


def holds(text: str, pattern: str) -> bool:
    """Whether the text holds a marker of that pattern, plainly or in disguise."""
    return re.search(_OPENS, text) is not None and re.search(pattern, _folded(text)[0]) is not None


def _backslashed(text: str, pattern: str) -> str:
    """The text with a backslash behind the first character of everything that matches, whatever it is disguised as."""
    if not re.search(_OPENS, text):
        return text
    folded, places = _folded(text)
    starts = [places[found.start()] + 1 for found in re.finditer(pattern, folded)]
    ends = [0, *starts]
    return "\\".join(text[start:end] for start, end in zip(ends, [*starts, len(text)], strict=True))


def _folded(text: str) -> tuple[str, list[int] | range]:
    """What the text looks like in plain small letters, and where each of its characters stands in the text."""
    if text.isascii():
        return text.lower(), range(len(text))
    alike = {each: _plain(each) for each in set(text)}
    places = [place for place, each in enumerate(text) for _ in alike[each]]
    return "".join(alike[each] for each in text), places


def _plain(character: str) -> str:
    """What a character looks like in plain small letters; nothing for one without width."""
    if character.isascii():
        return character.lower()
    if re.match(_HIDDEN, character):
        return ""
    return unicodedata.normalize("NFKC", character).casefold().translate(_ALIKE)
