"""Atomic edits: what a step's gradients ask for, as single changes of a rubric that can be tried one at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import dspy

from signatures.records import Criterion
from signatures.request import Request

RAISE, LOWER = "raise", "lower"

_LINE = re.compile(
    r"^[\s\-*•\d.)(]*(?P<name>[^:]+?)\s*:\s*(?P<way>raise|lower)\b(?P<levels>[^.;]*?)\bwhen\b(?P<condition>.*)$",
    re.IGNORECASE,
)
_MARKS = "\"'`*_ "
_UNFINISHED = re.compile(r"\.\.\.|…|<")
"""What is left of the form: its dots, or a gap."""
_SUBJECT = re.compile(r"the text( has| lacks)?")
"""What an opening says of the texts by itself."""


class Edits(dspy.Signature):
    """You turn feedback on the rubric of a judge into single changes. Each change says for one criterion whether the
    score is to be raised or lowered, to which levels, and for which texts, in general words that fit other texts too.
    Write the most important changes first. Where pieces of feedback contradict each other, write both changes."""

    criteria: list[str] = dspy.InputField(desc="the criteria and their scales")
    feedback: list[str] = dspy.InputField(desc="feedback on the rubric; in brackets, the criteria that it is about")
    request: Request = dspy.InputField(desc="what to write now, and in which form")
    edits: str = dspy.OutputField(desc="one change a line")


@dataclass(frozen=True)
class Edit:
    """One change of one criterion's rubric: raise or lower the score of texts that meet a condition.

    `levels` are the lowest and the highest level to give, or None where the change names none.
    """

    criterion: str
    way: str
    condition: str
    levels: tuple[int, int] | None = None

    def sentence(self, title: str) -> str:
        """The change as a sentence of a rubric.

        >>> Edit("anger", "raise", "it insults somebody", (2, 3)).sentence("anger")
        'Raise the score of anger to 2-3 when it insults somebody.'
        """
        return f"{self.way.capitalize()} the score of {title}{self._goal()} when {self.condition}."

    def _goal(self) -> str:
        if self.levels is None:
            return ""
        low, high = self.levels
        return f" to {low}" if low == high else f" to {low}-{high}"


@dataclass(frozen=True)
class Line:
    """One line of a reply: the edit that it holds, or why it holds none."""

    edit: Edit | None
    reason: str = ""


UNREADABLE, UNKNOWN, EMPTY, OFF_SCALE = "unreadable", "unknown_criterion", "empty_condition", "off_scale"
DUPLICATE, TOO_MANY = "duplicate", "too_many"
REASONS = (UNREADABLE, UNKNOWN, EMPTY, OFF_SCALE, DUPLICATE, TOO_MANY)
"""Why a line of a reply is dropped."""


@dataclass(frozen=True)
class Opening:
    """How a line may begin: the change that the batch's scores call for, for texts that the feedback is to describe."""

    criterion: str
    way: str
    level: int

    def line(self) -> str:
        """Raised is what has something, lowered what lacks it. Asked when "the text ..." both ways, the embedded model
        lowered the texts that show most of the criterion; an opening that leaves less to say it copied with the dots.
        """
        verb = "has" if self.way == RAISE else "lacks"
        return f"{self.criterion}: {self.way} to {self.level} when the text {verb} ..."


def edits_request(openings: Sequence[Opening]) -> str:
    """The lines to complete. Given a form with gaps for the criterion instead, the embedded model copied the gaps; it
    completes what has begun."""
    return "\n".join(
        [
            f"Now write {len(openings)} changes, one a line and nothing else: in place of the dots, say in a few words "
            "which texts the feedback means.",
            *(each.line() for each in openings),
        ]
    )


def read_edits(reply: str, criteria: Sequence[Criterion], most: int) -> list[Line]:
    """Every line of a reply, the first `most` edits kept and the others with a reason of `REASONS`.

    >>> [line.edit or line.reason for line in read_edits("joy: raise when ...", [Criterion("joy", 0, 3)], 4)]
    ['empty_condition']
    """
    found: list[Line] = []
    for line in (_read(text, criteria) for text in reply.splitlines() if re.search(r"\w", text)):
        kept = [each.edit for each in found if each.edit is not None]
        if line.edit is not None and line.edit in kept:
            line = Line(None, DUPLICATE)
        elif line.edit is not None and len(kept) == most:
            line = Line(None, TOO_MANY)
        found.append(line)
    return found


def _read(text: str, criteria: Sequence[Criterion]) -> Line:
    parts = _LINE.match(text)
    if parts is None:
        return Line(None, UNREADABLE)
    name = parts["name"].strip(_MARKS).casefold()
    criterion = next((each for each in criteria if name in (each.name.casefold(), each.title.casefold())), None)
    if criterion is None:
        return Line(None, UNKNOWN)
    condition = " ".join(parts["condition"].split()).strip(_MARKS).rstrip(".;,")
    if _UNFINISHED.search(parts["condition"]) or not re.search(r"\w\w", _SUBJECT.sub("", condition)):
        return Line(None, EMPTY)
    levels = [int(level) for level in re.findall(r"(?<!\d)-?\d+", parts["levels"])]
    if any(not criterion.low <= level <= criterion.high for level in levels):
        return Line(None, OFF_SCALE)
    span = (min(levels), max(levels)) if levels else None
    return Line(Edit(criterion.name, parts["way"].lower(), condition, span))
