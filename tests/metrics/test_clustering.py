"""Criteria that hurt each other beyond noise go apart, and all others stay together."""

from itertools import permutations
from typing import Any

import pytest

from metrics.clustering import cluster

NAMES = ("a", "b", "c", "d")


def matrix(**known: tuple[float | None, float | None]) -> dict[str, dict[str, Any]]:
    """Effects of nothing, but for the `known`: "a_b" -> value and upper end."""
    found: dict[str, dict[str, Any]] = {
        f"{one}|{other}": {"value": 0.0, "high": 0.1} for one, other in permutations(NAMES, 2)
    }
    found |= {name.replace("_", "|"): {"value": value, "high": high} for name, (value, high) in known.items()}
    return found


def test_what_does_no_harm_stays_together() -> None:
    assert cluster(NAMES, matrix()) == (NAMES,)
    assert cluster(NAMES, matrix(a_b=(-0.3, 0.01), c_d=(None, None))) == (NAMES,)


def test_harm_in_either_direction_parts_two_criteria() -> None:
    for name in ("a_b", "b_a"):
        found = cluster(NAMES, matrix(**{name: (-0.3, -0.1)}))
        assert not any({"a", "b"} <= {*group} for group in found)
        assert found == (("a", "c", "d"), ("b",))


def test_whom_a_criterion_helps_most_it_joins() -> None:
    found = cluster(NAMES, matrix(a_b=(-0.3, -0.1), c_b=(0.2, 0.3), b_c=(0.2, 0.3)))
    assert found == (("a", "d"), ("b", "c"))


def test_all_are_alone_where_all_hurt() -> None:
    worst = {f"{one}_{other}": (-0.2, -0.1) for one, other in permutations(NAMES, 2)}
    assert cluster(NAMES, matrix(**worst)) == tuple((name,) for name in NAMES)


@pytest.mark.parametrize("order", list(permutations(NAMES))[::5])
def test_the_order_of_criteria_decides_ties_only(order: tuple[str, ...]) -> None:
    effects = matrix(a_b=(-0.3, -0.1), c_b=(0.2, 0.3), a_d=(0.1, 0.2))
    found = {frozenset(group) for group in cluster(order, effects)}
    assert found == {frozenset("ad"), frozenset("bc")}


def test_a_missing_effect_is_no_zero() -> None:
    effects = matrix()
    del effects["a|b"]
    with pytest.raises(KeyError):
        cluster(NAMES, effects)
