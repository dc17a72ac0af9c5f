"""Named arms of a study: one set of optimize.py's flags each, over the flags that the whole study shares."""

import re
from collections.abc import Mapping
from typing import Any

from programs.errors import UserError
from programs.optimizer.settling import normal, refuse_impossible
from programs.settings import PRESETS, SIZES, resolve

Flags = Mapping[str, Any]

SAME = (*SIZES, "split_by", "half", "seed", "task", "data")
"""What all arms share, so that they are compared on the same rows."""


def arms_of(given: Mapping[str, Flags], settings: Flags, reference: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Arm -> its flags, each checked with the study's `settings` as a run's would be. Raises UserError."""
    return {name: _checked(name, flags, settings, reference) for name, flags in given.items()}


def arm_flags(flags: Flags, settings: Flags, reference: tuple[str, str]) -> dict[str, Any]:
    """The flags of a run of an arm: what the arm says, over its preset, over the study, over the reference's mode and
    gate."""
    preset = PRESETS[flags["preset"]] if "preset" in flags else {}
    return {"mode": reference[0], "gate": reference[1], **settings, **preset, **flags}


def _checked(name: str, flags: Flags, settings: Flags, reference: tuple[str, str]) -> dict[str, Any]:
    if not re.fullmatch(r"[^\W\d_][\w.]*(-[\w.]+)*", name) or len(name) > 40:
        raise UserError(f"[arms.{name}]: an arm's name has letters first, then up to 40 of letters, digits, _ . and -")
    try:
        settled = normal(flags)
        own = resolve(normal(arm_flags(settled, settings, reference)))
        refuse_impossible(own)
    except UserError as error:
        raise UserError(f"[arms.{name}]: {error}") from None
    for shared in SAME:
        theirs = getattr(resolve(settings), shared)
        if getattr(own, shared) != theirs:
            raise UserError(
                f"[arms.{name}]: {shared.replace('_', '-')} {getattr(own, shared)} is not the study's {theirs}: all "
                "arms work on the same rows, so say it for the whole study, or leave it out"
            )
    return settled


def grown(before: Mapping[str, Flags], now: Mapping[str, Flags]) -> None:
    """Raises UserError where a study's arms are not those that it was begun with, and perhaps further ones."""
    for name, flags in before.items():
        if name not in now:
            raise UserError(f"the study has an arm {name}, which is not among those given: arms can only be added")
        if dict(now[name]) != dict(flags):
            raise UserError(f"[arms.{name}] differs from the study's: arms can only be added, so give it another name")
