"""Which criteria a step is about: all of them at once, or one after the other, so that what a rewrite does to the
joint prompt is the doing of one rubric."""

from collections.abc import Callable, Mapping

from metrics.metric import METRICS
from signatures.records import Group

Schedule = Callable[[int, Group, Group], Group]
"""The number of a step, all criteria, and the same from the weakest to the strongest -> those that its losses,
gradients and rewrite are about."""


def all_at_once(number: int, criteria: Group, weakest: Group) -> Group:
    """The `schedule` of the paper: every step is about all criteria."""
    return criteria


def in_turn(number: int, criteria: Group, weakest: Group) -> Group:
    """One criterion a step, the weakest first, then round and round (block coordinate descent, cyclic rule).

    >>> [in_turn(step, ("a", "b"), ("b", "a")) for step in (1, 2, 3)]
    [('b',), ('a',), ('b',)]
    """
    return (weakest[(number - 1) % len(weakest)],)


SCHEDULES: Mapping[str, Schedule] = {"joint": all_at_once, "coordinate": in_turn}


def weakest_first(values: Mapping[str, float | None], metric: str, criteria: Group) -> Group:
    """The criteria by their value before the first step, those without one first; ties stay in the task's order."""

    def strength(name: str) -> tuple[bool, float]:
        value = values.get(name)
        return value is not None, METRICS[metric].orientation * (value or 0.0)

    return tuple(sorted(criteria, key=strength))
