"""From who hurts whom to which criteria share a prompt."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

Cluster = tuple[str, ...]


def cluster(names: Sequence[str], effects: Mapping[str, Mapping[str, Any]]) -> tuple[Cluster, ...]:
    """Groups of criteria of which none hurts another beyond noise, as large as they come (agglomerative).

    `effects` are those of `interference.effect_cells`: "a|b" -> `value`, the change of agreement on a beside b
    (negative is a loss), and `high`, the upper end of its interval. Two criteria go apart where either loses beyond
    noise: `high` below 0. Everyone begins alone; of all pairs of groups without such a loss between them, the pair that
    helps most in the mean over both directions joins, and so on until none is left. So what does no harm stays
    together, too. A value that is not known counts as 0 in the mean and is no harm. Ties go to the order of `names`.

    Raises KeyError where an effect is missing.
    """
    groups: list[Cluster] = [(name,) for name in names]
    while joinable := [pair for pair in combinations(range(len(groups)), 2) if not _harm(groups, pair, effects)]:
        first, second = max(joinable, key=lambda pair: (_help(groups, pair, effects), -pair[0], -pair[1]))
        joined = tuple(name for name in names if name in groups[first] + groups[second])
        groups = [joined if place == first else each for place, each in enumerate(groups) if place != second]
    return tuple(groups)


def _between(groups: Sequence[Cluster], pair: tuple[int, int], effects: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The effects across two groups, in both directions."""
    across = product(groups[pair[0]], groups[pair[1]])
    return [effects[f"{one}|{other}"] for a, b in across for one, other in ((a, b), (b, a))]


def _harm(groups: Sequence[Cluster], pair: tuple[int, int], effects: Mapping[str, Any]) -> bool:
    return any(each["high"] is not None and each["high"] < 0 for each in _between(groups, pair, effects))


def _help(groups: Sequence[Cluster], pair: tuple[int, int], effects: Mapping[str, Any]) -> float:
    values = [each["value"] or 0.0 for each in _between(groups, pair, effects)]
    return sum(values) / len(values)
