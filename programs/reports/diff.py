"""What changed between two rubrics, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

ISLAND = 3
"""Fewer equal words than this between two changes are shown as changed too: scattered matches are hard to read."""

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
    pieces: list[Piece] = []
    gone = new = ""
    runs = _runs(_TOKENS.findall(before), _TOKENS.findall(after))
    for place, (old_text, new_text) in enumerate(runs):
        inside = 0 < place < len(runs) - 1
        if old_text != new_text or (inside and word_count(old_text) < ISLAND):
            gone, new = gone + old_text, new + new_text
            continue
        pieces += [*_changed(gone, new), Piece("same", old_text)]
        gone = new = ""
    return (*pieces, *_changed(gone, new))


def _runs(old: list[str], new: list[str]) -> list[tuple[str, str]]:
    """Stretches of both texts that belong together, equal and different ones in turn."""
    codes = SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()
    return [("".join(old[a:b]), "".join(new[c:d])) for _, a, b, c, d in codes]


def _changed(gone: str, new: str) -> list[Piece]:
    return [Piece(kind, text) for kind, text in (("gone", gone), ("new", new)) if text]


def word_count(text: str) -> int:
    """Words as they are separated by spaces: a length that needs no tokenizer."""
    return len(text.split())
