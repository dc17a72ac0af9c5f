"""The word diff loses nothing and shows a change as a change."""

import pytest

from programs.reports.diff import word_diff

PAIRS = [
    ("", ""),
    ("Rate from 1 to 5.", "Rate from 1 to 5."),
    ("Rate from 1 to 5.", ""),
    ("", "New."),
    ("Rate from 1 to 5.", "Look at how polite it is. A low score of 1 means rude.\n\nBe strict."),
    ("a  b\tc", "a b\tc d"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_old_and_new_text_can_be_read_off_the_pieces(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == after


def test_equal_words_that_stand_alone_between_changes_are_no_island() -> None:
    kinds = [piece.kind for piece in word_diff("Rate from 1 to 5.", "Look from here 1 there 5!")]
    assert kinds == ["gone", "new"]


def test_a_small_change_leaves_the_rest_as_it_was() -> None:
    pieces = word_diff("Rate how polite the reply is.", "Rate how rude the reply is.")
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("same", "Rate how "), ("gone", "polite"), ("new", "rude"), ("same", " the reply is."),
    ]  # fmt: skip
