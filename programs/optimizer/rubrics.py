"""Rubrics as mappings: parts of them, and parts put together."""

from collections.abc import Collection, Iterable

from signatures.records import Group, Rubric


def names_of(groups: Iterable[Group]) -> set[str]:
    """The criteria of some groups."""
    return {name for group in groups for name in group}


def part_of(rubric: Rubric, names: Collection[str]) -> Rubric:
    """The rubrics of some criteria."""
    return {name: text for name, text in rubric.items() if name in names}


def union(parts: Iterable[Rubric]) -> Rubric:
    """All of them; of a criterion that several have, the last."""
    return {name: text for part in parts for name, text in part.items()}
