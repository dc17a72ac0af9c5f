"""How unequal the rubrics of one prompt are in length: words, shares, the longest against the shortest, Gini.

Words (runs of non-space characters) and not tokens, because judges on different LMs then have the same lengths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signatures.records import Rubric


@dataclass(frozen=True)
class Lengths:
    """The lengths of one prompt's rubrics. `ratio` is None where a rubric is empty, `gini` where all are."""

    words: Mapping[str, int]

    @classmethod
    def of(cls, rubric: Rubric) -> "Lengths":
        return cls({name: len(text.split()) for name, text in rubric.items()})

    @property
    def shares(self) -> dict[str, float | None]:
        """Criterion -> its part of all words."""
        total = sum(self.words.values())
        return {name: count / total if total else None for name, count in self.words.items()}

    @property
    def ratio(self) -> float | None:
        """The longest rubric against the shortest."""
        return max(self.words.values()) / min(self.words.values()) if min(self.words.values()) else None

    @property
    def gini(self) -> float | None:
        return gini(list(self.words.values()))


def gini(values: Sequence[float]) -> float | None:
    """Mean absolute difference of all pairs over twice the mean: 0 for equal values, (n - 1) / n for one that has all.

    >>> gini([4, 4, 4]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    total = sum(values)
    if not total:
        return None
    return sum(abs(one - other) for one in values for other in values) / (2 * len(values) * total)
