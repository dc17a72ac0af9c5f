"""Which raters planted notes believe."""

from collections.abc import Callable

import numpy as np
import pytest

from metrics.calibration import PlantedRating, mean_by_grade, ordering, orders

RIGHT = {"specific": 10, "generic": 3, "wrong": 1}


def rated(rate: Callable[[str], int | None], specific: int = 8, generic: int = 6) -> list[PlantedRating]:
    """Specific notes are right for one of four criteria, generic ones for none."""
    kinds = [["specific", "wrong", "wrong", "wrong"]] * specific + [["generic"] * 4] * generic
    return [PlantedRating(number, grade, rate(grade)) for number, grades in enumerate(kinds) for grade in grades]


def test_a_rater_that_orders_all_notes_passes() -> None:
    found = ordering(rated(RIGHT.get))
    assert {cell["value"] for cell in found.values()} == {1}
    assert found["all"]["low"] > 0.7  # type: ignore[operator]
    assert orders(found)


def test_a_rater_that_gives_everything_a_ten_fails() -> None:
    found = ordering(rated(lambda grade: 10))
    assert found["all"]["value"] == 0.5
    assert found["all"]["low"] < 0.5 < found["all"]["high"]  # type: ignore[operator]
    assert not orders(found)


@pytest.mark.parametrize("wrong", [1, 4])
def test_generic_notes_must_stand_above_wrong_ones(wrong: int) -> None:
    assert not orders(ordering(rated({"specific": 10, "generic": 1, "wrong": wrong}.get)))


def test_a_guessing_rater_passes_rarely() -> None:
    random = np.random.default_rng(0)
    lucky = sum(orders(ordering(rated(lambda grade: int(random.integers(1, 11))))) for _ in range(100))
    assert lucky <= 5


def test_a_rater_with_too_few_planted_notes_is_not_believed() -> None:
    assert not orders(ordering(rated(RIGHT.get, specific=3, generic=2)))


def test_ties_are_half_and_unrated_notes_are_counted() -> None:
    pairs = [PlantedRating(0, "wrong", 5), PlantedRating(1, "specific", 5), PlantedRating(2, "specific", 7)]
    assert ordering(pairs, ("wrong", "specific"))["specific over wrong"]["value"] == 0.75
    found = mean_by_grade([*pairs, PlantedRating(3, "wrong", None)])
    assert found == {"wrong": {"value": 5, "n": 1, "unrated": 1}, "specific": {"value": 6, "n": 2, "unrated": 0}}
