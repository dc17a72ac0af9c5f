"""The order of the criteria in a prompt: what comes first sways what comes after it.

Where a judge rotates, each prompt is asked once for every rotation of its criteria, and the scores are averaged, so
that each criterion has had every place (that the order shifts scores: arXiv 2602.02219).
"""

from collections.abc import Sequence

import dspy

from signatures.records import Group

ORDERS_TRIED = 3
"""How many orders are tried beside a prompt's own, by default."""

ORDERS = ("fixed", "rotate")
"""What a judge does about it."""


def rotations(group: Sequence[str]) -> list[Group]:
    """Every rotation of a group, its own order first.

    >>> rotations(("a", "b", "c"))
    [('a', 'b', 'c'), ('b', 'c', 'a'), ('c', 'a', 'b')]
    """
    return [(*group[start:], *group[:start]) for start in range(len(group))]


def calls_a_row(groups: Sequence[Group], order: str) -> int:
    """How many calls a judge of these groups takes a row."""
    return sum(map(len, groups)) if order == "rotate" else len(groups)


class Rotated:
    """The rotations of a judge's heads, made when they are first asked: they are no part of its state."""

    def __init__(self) -> None:
        self._made: dict[type[dspy.Signature], list[dspy.Predict]] = {}

    def of(self, head: dspy.Predict) -> list[dspy.Predict]:
        """The head itself, and others that ask the same in the other orders."""
        if head.signature not in self._made:
            orders = rotations(tuple(head.signature.output_fields))[1:]
            others = [dspy.Predict(reordered(head.signature, order)) for order in orders]
            self._made[head.signature] = [head, *others]
        turns = self._made[head.signature]
        for each in turns[1:]:
            each.demos = head.demos
        return turns


def reordered(signature: type[dspy.Signature], order: Group) -> type[dspy.Signature]:
    """The signature with its output fields in this order."""
    fields = {**signature.input_fields, **{name: signature.output_fields[name] for name in order}}
    return dspy.Signature({name: (field.annotation, field) for name, field in fields.items()}, signature.instructions)
