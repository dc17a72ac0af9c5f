"""LMs for the tests of the diagnostics: critics whose notes are known, and raters that are good, constant or silent."""

import json
import re
import zlib
from collections.abc import Callable

from tests.fake import Asked

CUES = {"helpful": ("solve", "problem"), "polite": ("courteous", "thank")}
"""Words that speak of a criterion without its name."""

Reply = Callable[[Asked], str | None]


def together(*replies: Reply) -> Reply:
    """The first that answers."""
    return lambda asked: next((text for reply in replies if (text := reply(asked)) is not None), None)


def focused_notes(asked: Asked) -> str | None:
    """Separate notes suggest two things for their criterion, joint ones two for each of theirs."""
    return _notes(asked, lambda names: [line for name in names for line in _suggestions(name)])


def diluted_notes(asked: Asked) -> str | None:
    """Separate notes suggest two things for their criterion, most joint ones two for the first, none for the others."""
    if zlib.crc32(asked.user.encode()) % 4 == 0:
        return focused_notes(asked)
    return _notes(asked, lambda names: _suggestions(names[0]) + ["Make the rubric clearer."] * 2 * (len(names) - 1))


def good_rater(asked: Asked) -> str | None:
    """Knows the cues: rates and attributes by them, and sees whether a rubric was changed."""
    if asked.stage != "rater":
        return None
    if "Decide which" in asked.system:
        return _letter(asked)
    if "<old_rubric>" in asked.user:
        old, new = (asked.user.split(f"<{tag}>\n")[1].split("\n<")[0] for tag in ("old_rubric", "new_rubric"))
        return json.dumps({"rating": 1 if old == new else 9})
    feedback, target = asked.user.split("<criterion>\n")
    about = {name for name, cues in CUES.items() if any(cue in feedback for cue in cues)}
    own = next(name for name in CUES if name in target.split("</criterion>")[0].lower())
    return json.dumps({"rating": 3 if not about else 1 if own not in about else 5 if len(about) > 1 else 10})


def constant_rater(asked: Asked) -> str | None:
    """What the embedded model does: a ten, and the first letter."""
    if asked.stage != "rater":
        return None
    return "A" if "Decide which" in asked.system else '{"rating": 10}'


def _notes(asked: Asked, write: Callable[[list[str]], list[str]]) -> str | None:
    found = re.search(r"rubric for (.*), three paragraphs", asked.user) if asked.stage == "gradient" else None
    return None if found is None else " ".join(["Keep the scale.", *write(found[1].split(", "))])


def _suggestions(name: str) -> list[str]:
    first, second = CUES[name]
    return [f"Add that a high {name} score needs to {first} it.", f"Lower the score where nobody did {second} it."]


def _letter(asked: Asked) -> str:
    options = dict(re.findall(r"^([A-Z]): (.*)$", asked.system, re.MULTILINE))
    suggestion = asked.user.split("</suggestion>")[0]
    for letter, option in options.items():
        if any(cue in suggestion for cues in CUES.values() for cue in cues if cue in option):
            return letter
    return next(letter for letter, option in options.items() if option.startswith("none of these"))
