"""Hides the names of criteria in a text, with their inflected forms, so that what is left must speak for itself.

Forms are found by English endings: fluent hides fluency and fluently, anger hides angry, relevance hides irrelevant.
Not covered: synonyms and words of the description (furious for anger), which are content and are meant to be read;
irregular forms; other languages than English, in which only the names as they are written are hidden.
"""

import re
from collections.abc import Iterable

from signatures.records import Criterion

HIDDEN = "___"

_SMALL_WORDS = frozenset(("the", "and", "for", "with", "from", "into", "not", "how", "its", "are"))
_PREFIXES = ("non", "dis", "in", "im", "ir", "un", "en")
_ENDINGS = (
    (r"(?:ability|ably|ableness|ibility|ibly)$", "able"),
    (r"(?:enc(?:y|ies|es?)|ently)$", "ent"),
    (r"(?:anc(?:y|ies|es?)|antly)$", "ant"),
    (r"(?:iness(?:es)?|ily|ier|iest|ied|ies)$", "y"),
    (r"ry$", "er"),
    (r"(?:able|ible|some|ness(?:es)?|ment|ity|ful|fully|ous|ously|ing(?:ly)?|ed(?:ly)?|ly|er|est|en)$", ""),
    (r"(?:es|s|e|y|'s|\u2019s)$", ""),
)
_LONG_ENDING = re.compile(r"(?:ent|ant)$")


def mask(text: str, criteria: Iterable[Criterion]) -> str:
    """`text` with every form of the criteria's names and titles replaced by `HIDDEN`.

    >>> mask("Say that fluency counts and that influenza does not.", [Criterion("fluent", 1, 5)])
    'Say that ___ counts and that influenza does not.'
    """
    names = {name for each in criteria for name in (each.name.replace("_", " "), each.title)}
    stems = {stem(word) for name in names for word in _words(name)}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(_exactly(name), HIDDEN, text, flags=re.IGNORECASE)
    text = re.sub(r"[^\W\d_]+(?:['\u2019]s)?", lambda found: HIDDEN if _is_form(found[0], stems) else found[0], text)
    return re.sub(rf"{HIDDEN}(?:[\s-]+{HIDDEN})+", HIDDEN, text)


def stem(word: str) -> str:
    """What inflected forms of a word have in common: never fewer than three letters."""
    word = word.lower()
    while (shorter := _shortened(word)) != word:
        word = shorter
    return word


def _shortened(word: str) -> str:
    for ending, replacement in _ENDINGS:
        shorter = re.sub(ending, replacement, word)
        if shorter != word and len(shorter) >= 3 and re.search("[aeiouy]", shorter):
            return _undoubled(shorter)
    if (found := _LONG_ENDING.search(word)) and found.start() >= 4:
        return word[: found.start()]
    return word


def _undoubled(word: str) -> str:
    """sadd(er) -> sad."""
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] in "bdgmnprt" else word


def _is_form(word: str, stems: set[str]) -> bool:
    if stem(word) in stems:
        return True
    rests = (word.lower().removeprefix(prefix) for prefix in _PREFIXES if word.lower().startswith(prefix))
    return any(len(rest) >= 3 and stem(rest) in stems for rest in rests)


def _words(name: str) -> list[str]:
    found = re.findall(r"[^\W\d_]{3,}", name)
    return [word for word in found if word.lower() not in _SMALL_WORDS]


def _exactly(name: str) -> str:
    """The name as a word of its own; scripts without spaces have no word boundaries."""
    return rf"\b{re.escape(name)}\b" if name.isascii() else re.escape(name)
