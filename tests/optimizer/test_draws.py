from itertools import islice

import dspy
import pytest

from programs.optimizer.draws import divide, draw, numbered


def test_an_epoch_draws_every_row_once_before_any_comes_again() -> None:
    drawn = [row for batch in islice(draw(range(9), 3, seed=1), 3) for row in batch]
    assert sorted(drawn) == list(range(9))


@pytest.mark.parametrize("size", [1, 3, 4, 10])
def test_a_batch_never_holds_a_row_twice(size: int) -> None:
    for batch in islice(draw(range(10), size, seed=0), 50):
        assert len(set(batch)) == size


def test_the_draw_comes_from_the_seed() -> None:
    first, again, other = ([*islice(draw(range(30), 3, seed), 20)] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_too_few_rows_for_a_batch_are_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 3 needs"):
        next(draw([1, 2], 3, seed=0))


def rows_of(documents: list[str | None]) -> list[dspy.Example]:
    return [dspy.Example(row_id=str(place), document_id=document) for place, document in enumerate(documents)]


def test_no_document_is_both_gated_and_reserved() -> None:
    gated, reserved = divide(rows_of([*"aaabbbbcccdd"]), 0.5)
    assert {row["document_id"] for row in gated}.isdisjoint(row["document_id"] for row in reserved)
    assert len(gated) + len(reserved) == 12
    assert 4 <= len(reserved) <= 8


@pytest.mark.parametrize(("share", "kept"), [(0.0, 10), (0.5, 5), (0.9, 1)])
def test_rows_without_documents_are_divided_one_by_one(share: float, kept: int) -> None:
    gated, reserved = divide(rows_of([None] * 10), share)
    assert (len(gated), len(reserved)) == (kept, 10 - kept)


def test_a_single_document_is_divided_by_row() -> None:
    gated, reserved = divide(rows_of(["a"] * 10), 0.5)
    assert (len(gated), len(reserved)) == (5, 5)


def test_rows_without_an_id_get_their_position() -> None:
    rows = [dspy.Example(text="a"), dspy.Example(text="b", row_id="own")]
    assert [row["row_id"] for row in numbered(rows)] == ["0", "own"]
    assert "row_id" not in rows[0]
