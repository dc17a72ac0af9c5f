"""Feedback as atomic suggestions: its sentences and list items that ask for a change. Plain text, no LM.

Covered: English feedback with imperatives ("Add ...", "Do not count ...") or modals ("The rubric should ..."). What
only praises, keeps or diagnoses is no suggestion. Not covered: other languages (nothing is found in them, and the
counts say so), and a sentence that makes two suggestions, which counts once.
"""

import re
from collections.abc import Iterator

MOST_SUGGESTIONS = 20
"""A note's later suggestions are counted but not asked about, so that the number of calls has a bound."""

_ITEM = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+", flags=re.IGNORECASE)
_INNER_ITEM = re.compile(r"(?<=[.;:])\s+(?=\(?\d{1,2}[.)]\s)")
_END = re.compile(r"(?<=[.!?;])[\"'\u201d\u2019)\]*_]*\s+(?=[\"'\u201c\u2018(\[*_]*[A-Z0-9])")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|no)\.$", flags=re.IGNORECASE)

_VERBS = (
    "accept|add|adjust|allow|anchor|apply|ask|assign|avoid|be (?:more|less|explicit|clear|specific)|beware|broaden|"
    "clarify|compare|consider|count|deduct|define|delete|describe|differentiate|disregard|distinguish|do not|don't|"
    "drop|emphasi[sz]e|encourage|ensure|exclude|expand|explain|expect|extend|give|highlight|ignore|illustrate|improve|"
    "include|incorporate|instruct|introduce|let|look|lower|make|mention|modify|narrow|never|penali[sz]e|point out|"
    "prefer|provide|put|raise|reduce|refine|remind|remove|rephrase|replace|require|reserve|restrict|revise|rewrite|say|"
    "shorten|simplify|specify|spell out|stress|tell|tie|tighten|treat|try|update|warn|write"
)
_ALSO_NOUNS = (
    "award|base|change|check|cover|cut|demand|focus|guide|increase|judge|limit|list|mark|note|only|rate|read|reward|score|"
    "separate|set|show|split|start|state|use|watch|weigh|weight"
)
"""Verbs at the beginning of a sentence; after "and" they are nouns as often ("between rubric and score")."""

_IMPERATIVE = re.compile(
    rf"^[\"'“*_]*(?:{_VERBS}|{_ALSO_NOUNS})\b|"
    rf"(?:[,:;]\s+|\b(?:and|but|then|also|instead|please|or)\s+)[\"'“*_]*(?:{_VERBS})\b",
    flags=re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(?:should|could|must|ought to|needs? to|has to|have to|would (?:help|benefit|be better|improve)|"
    r"(?:i|we) (?:suggest|recommend|propose)|it is (?:better|best) to|needs? (?:a|an|more|clearer|explicit))\b",
    flags=re.IGNORECASE,
)
_KEEPS = re.compile(
    r"^[\"'\u201c*_]*(?:keep|retain|preserve|maintain|leave)\b|"
    r"\b(?:must|should|can|could|may|needs? to|has to|have to)\s+(?:\w+\s+)?"
    r"(?:stay|remain|be (?:kept|retained|preserved))\b|"
    r"\b(?:not|n't)\s+(?:need|have|be|require)\b.{0,20}\bchang|\bno (?:\w+ )?changes?\b",
    flags=re.IGNORECASE,
)
_EXPLAINS = re.compile(
    r"^(?:the|this)\s+(?:judge|score|human)\b(?:(?!\b(?:should|must|could|needs? to|has to|have to)\b).)*\bbecause\b",
    flags=re.IGNORECASE,
)
"""A diagnosis, whatever it says that the rubric asks for ("... because the rubric says that it should be rated")."""

_BUT_CHANGES = re.compile(rf"\b(?:but|and|then)\s+(?:also\s+)?(?:{_VERBS})\b", flags=re.IGNORECASE)


def suggestions(text: str) -> list[str]:
    """The parts of a note that ask for a change, in order.

    >>> suggestions("Keep the scale. The judge was harsh because the rubric is vague. Add that slang is no error.")
    ['Add that slang is no error.']
    """
    return [part for part in parts(text) if asks_for_change(part)]


def parts(text: str) -> list[str]:
    """Sentences and list items, without their marks."""
    return [part for line in text.splitlines() for item in _INNER_ITEM.split(line) for part in _sentences(item)]


def asks_for_change(sentence: str) -> bool:
    """Whether a sentence suggests that something be done otherwise."""
    if _KEEPS.search(sentence) or _EXPLAINS.search(sentence):
        return bool(_BUT_CHANGES.search(sentence))
    return bool(_IMPERATIVE.search(sentence) or _MODAL.search(sentence))


def _sentences(item: str) -> Iterator[str]:
    """An abbreviation's full stop ends no sentence."""
    pending = ""
    for piece in _END.split(_ITEM.sub("", item)):
        pending = f"{pending} {piece}".strip() if pending else piece.strip()
        if not _ABBREVIATION.search(pending):
            yield from _worded(pending)
            pending = ""
    yield from _worded(pending)


def _worded(text: str) -> Iterator[str]:
    """Headings and remains of marks are no sentences: at least three words."""
    text = text.replace("**", "").strip("*_# ")
    if len(re.findall(r"\w+", text)) >= 3:
        yield text
