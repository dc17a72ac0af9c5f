"""What each edit does to each criterion: paired changes of loss on probe rows, and their noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from metrics.scores import Codes, Scores, Values, clusters

NOISE = 1.28
"""Standard errors that a weight must exceed: one-sided, nine of ten. One changed row alone never does (its ratio is 1),
two equal ones that nothing contradicts do."""


@dataclass(frozen=True, eq=False)
class Effects:
    """`changes` (n, K, E): by how much each edit brings a row's score nearer to the human rating, as a share of the
    criterion's scale; NaN where one of the two judges did not score. `documents` (n,) are codes of the rows' sources.
    """

    changes: Values
    documents: Codes

    @classmethod
    def of(cls, before: Scores, after: Sequence[Scores]) -> "Effects":
        """From the scores of the judge as it is and with each edit alone, on the same rows."""
        spans = np.array([max(each.high - each.low, 1) for each in before.criteria])
        errors = np.abs(before.judge - before.human) / spans
        edited = [np.abs(each.judge - each.human) / spans for each in after]
        changes = np.stack([errors - each for each in edited], axis=2)
        return cls(changes, clusters(before)[0])

    @cached_property
    def gains(self) -> Values:
        """G (K, E): the mean change over the rows. Positive is better, NaN undefined."""
        return _means(self.changes)

    @cached_property
    def left_out(self) -> list[Values]:
        """G without each of the documents in turn."""
        return [_means(self.changes[self.documents != each]) for each in np.unique(self.documents)]

    @cached_property
    def errors(self) -> Values:
        """(K, E): the standard error of each gain, over documents."""
        return jackknife(self.left_out)

    @cached_property
    def usable(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Criteria (K,) and edits (E,) of which gains are known well enough to be combined: each from two documents or
        more. A criterion that no edit has any for is left out first, then every edit that lacks one."""
        known = np.isfinite(self.errors)
        criteria = np.asarray(known.any(axis=1))
        edits = known[criteria].all(axis=0) if criteria.any() else np.zeros(known.shape[1], dtype=np.bool_)
        return criteria, np.asarray(edits)

    def only(self, criteria: NDArray[np.bool_], edits: NDArray[np.bool_]) -> "Effects":
        """The same for some criteria and edits."""
        return replace(self, changes=self.changes[:, criteria][:, :, edits])

    def crossed(self, random: np.random.Generator) -> "Effects":
        """Each edit's effects dealt to the criteria anew: as many and as large, but not where they belong."""
        criteria = self.changes.shape[1]
        dealt = [self.changes[:, random.permutation(criteria), edit] for edit in range(self.changes.shape[2])]
        return replace(self, changes=np.stack(dealt, axis=2))

    def conflicts(self) -> tuple[int, int]:
        """Pairs of criteria whose rows of G point against each other, and those of which that is beyond noise."""
        pairs = list(combinations(range(self.gains.shape[0]), 2))
        products = np.array([self.gains[one] @ self.gains[other] for one, other in pairs])
        others = [np.array([gains[one] @ gains[other] for one, other in pairs]) for gains in self.left_out]
        against = products < 0
        return int(against.sum()), int((against & (-products > NOISE * jackknife(others))).sum())


def jackknife(left_out: Sequence[Values]) -> Values:
    """Standard errors from the values without each of the G documents in turn: sqrt((G - 1) / G sum (v_g - mean)^2)
    (Efron and Stein 1981). Infinite where a document alone decides, NaN in any of the values included."""
    values, count = np.stack(left_out), len(left_out)
    if count < 2:
        return np.full(values.shape[1:], np.inf)
    spread = np.sqrt((count - 1) / count * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    return np.where(np.isnan(spread), np.inf, spread)


def _means(changes: Values) -> Values:
    known = ~np.isnan(changes)
    counts = known.sum(axis=0)
    sums = np.where(known, changes, 0.0).sum(axis=0)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
