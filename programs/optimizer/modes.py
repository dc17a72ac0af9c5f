"""The modes as data: which of the four stages handles the criteria separately (S) and which jointly (C)."""

from collections.abc import Sequence
from dataclasses import dataclass

from programs.errors import UserError, suggest
from signatures.records import Group


@dataclass(frozen=True)
class Mode:
    """`S` or `C` for each stage: the judge's prompt, the loss, the gradient and the rewrite."""

    name: str
    judge: str
    loss: str
    gradient: str
    rewrite: str


MODES = {
    mode.name: mode
    for mode in (
        Mode("Single", "S", "S", "S", "S"),
        Mode("SSS", "C", "S", "S", "S"),
        Mode("SSC", "C", "S", "S", "C"),
        Mode("SCC", "C", "S", "C", "C"),
        Mode("CCC", "C", "C", "C", "C"),
    )
}


def groups(letter: str, criteria: Sequence[str]) -> tuple[Group, ...]:
    """`S`: one group a criterion; `C`: one group of all.

    >>> groups("S", ["a", "b"]), groups("C", ["a", "b"])
    ((('a',), ('b',)), (('a', 'b'),))
    """
    return tuple((name,) for name in criteria) if letter == "S" else (tuple(criteria),)


def parse_mode(text: str) -> Mode:
    """The mode of that name, in any case. Raises UserError for an unknown or impossible one."""
    known = {name.lower(): mode for name, mode in MODES.items()}
    if text.lower() in known:
        return known[text.lower()]
    if text.upper() in ("CSS", "CSC", "CCS", "SCS"):
        raise UserError(
            f"mode {text.upper()} is impossible: once a stage is joint (C), the later ones must be, since a text about "
            f"several criteria cannot be split among them; use one of {', '.join(MODES)}"
        )
    raise UserError(f"unknown mode '{text}': use one of {', '.join(MODES)}{suggest(text, MODES)}")
