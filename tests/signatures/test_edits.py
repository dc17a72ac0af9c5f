"""Edits are read from whatever a small LM makes of the form."""

import pytest

from signatures.edits import (
    DUPLICATE,
    EMPTY,
    OFF_SCALE,
    TOO_MANY,
    UNKNOWN,
    UNREADABLE,
    Edit,
    Opening,
    edits_request,
    read_edits,
)
from signatures.records import Criterion

CRITERIA = (Criterion("anger", 0, 3), Criterion("tone", 1, 5, label="Tone of voice"))
INSULTS = Edit("anger", "raise", "the text insults", (2, 3))


def read(*lines: str, most: int = 4) -> list[Edit | str]:
    return [line.edit or line.reason for line in read_edits("\n".join(lines), CRITERIA, most)]


@pytest.mark.parametrize(
    "line",
    [
        "anger: raise to 2-3 when the text insults",
        "- Anger: Raise to 2 or 3 when the text insults.",
        "1. **anger**: raise to levels 2 and 3 when  the text insults ",
        "* anger : RAISE the score to 2-3, when the text insults",
    ],
)
def test_an_edit_is_read(line: str) -> None:
    assert read(line) == [INSULTS]


def test_levels_may_be_missing_and_labels_stand_for_names() -> None:
    assert read("Tone of voice: lower when the text is curt") == [Edit("tone", "lower", "the text is curt")]
    assert read("tone: lower to 1 when the text has 20 words: or more") == [
        Edit("tone", "lower", "the text has 20 words: or more", (1, 1))
    ]


@pytest.mark.parametrize(
    "line, reason",
    [
        ("Here are the changes:", UNREADABLE),
        ("anger: make it better", UNREADABLE),
        ("anger: change to 3 when the text insults", UNREADABLE),
        ("joy: raise to 3 when the text laughs", UNKNOWN),
        ("<criterion>: raise to 3 when the text laughs", UNKNOWN),
        ("anger: raise to 3 when the text ...", EMPTY),
        ("anger: raise to 3 when", EMPTY),
        ("anger: raise to 3 when <condition>", EMPTY),
        ("anger: raise to 3 when the text has", EMPTY),
        ("tone: lower to 1 when the text lacks ...", EMPTY),
        ("anger: raise to 3 when the text shows signs of anger such as ...", EMPTY),
        ("anger: raise to 5 when the text insults", OFF_SCALE),
        ("tone: lower to 0-2 when the text is curt", OFF_SCALE),
    ],
)
def test_what_is_no_edit_is_dropped_for_a_reason(line: str, reason: str) -> None:
    assert read(line) == [reason]


def test_duplicates_and_more_than_were_asked_for_are_dropped() -> None:
    line, other = "anger: raise to 2-3 when the text insults", "tone: lower to 1 when the text is curt"
    assert read(line, "", line, other, "tone: lower to 2 when the text is curt", most=2)[1:] == [
        DUPLICATE,
        Edit("tone", "lower", "the text is curt", (1, 1)),
        TOO_MANY,
    ]
    assert read() == []


def test_opposite_edits_are_no_duplicates() -> None:
    assert len({*read("anger: raise when the text is long", "anger: lower when the text is long")}) == 2


def test_the_requests_own_lines_are_no_edits() -> None:
    request = edits_request([Opening("anger", "raise", 2), Opening("tone", "lower", 1)])
    assert request.splitlines()[1:] == [
        "anger: raise to 2 when the text has ...",
        "tone: lower to 1 when the text lacks ...",
    ]
    assert read(*request.splitlines()) == [UNREADABLE, EMPTY, EMPTY]
