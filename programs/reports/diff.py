"""What changed between two rubrics, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A stretch of text: `kind` is "same", "gone" or "new"."""

    kind: str
    text: str


def word_diff(before: str, after: str) -> tuple[Piece, ...]:
    """The pieces that turn one text into the other; what is not new is the old text, what is not gone the new one.

    >>> [(piece.kind, piece.text) for piece in word_diff("Rate it.", "Rate this.")]
    [('same', 'Rate '), ('gone', 'it'), ('new', 'this'), ('same', '.')]
    """
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    pieces = []
    for _, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        gone, added = "".join(old[a:b]), "".join(new[c:d])
        if gone == added:
            pieces.append(Piece("same", gone))
        else:
            pieces += [Piece(kind, text) for kind, text in (("gone", gone), ("new", added)) if text]
    return tuple(pieces)


def word_count(text: str) -> int:
    """Words as they are separated by spaces: a length that needs no tokenizer."""
    return len(text.split())
