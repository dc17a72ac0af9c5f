"""How unequal the rubrics of one prompt are in length: tokens, shares, the longest against the shortest, Gini."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.tokens import count_tokens
from signatures.records import Rubric


@dataclass(frozen=True)
class Lengths:
    """The lengths of one prompt's rubrics, criterion -> tokens (of `metrics.tokens.TOKENIZER`).

    `ratio` is None where a rubric is empty, `gini` and `shares` where all are.
    """

    tokens: Mapping[str, int]

    @classmethod
    def of(cls, rubric: Rubric) -> "Lengths":
        return cls({name: count_tokens(text) for name, text in rubric.items()})

    @property
    def shares(self) -> dict[str, float | None]:
        """Criterion -> its part of all the rubrics' tokens."""
        total = sum(self.tokens.values())
        return {name: count / total if total else None for name, count in self.tokens.items()}

    @property
    def others(self) -> dict[str, int]:
        """Criterion -> the tokens of all other criteria's rubrics: what it has to hold its own against."""
        total = sum(self.tokens.values())
        return {name: total - count for name, count in self.tokens.items()}

    @property
    def ratio(self) -> float | None:
        """The longest rubric against the shortest."""
        return max(self.tokens.values()) / min(self.tokens.values()) if min(self.tokens.values()) else None

    @property
    def gini(self) -> float | None:
        return gini(list(self.tokens.values()))


def gini(values: Sequence[float]) -> float | None:
    """Mean absolute difference of all pairs over twice the mean: 0 for equal values, (n - 1) / n for one that has all.

    >>> gini([4, 4, 4]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    total = sum(values)
    if not total:
        return None
    return sum(abs(one - other) for one in values for other in values) / (2 * len(values) * total)
