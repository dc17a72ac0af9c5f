"""`--batch hard`: batches of the training rows on which judge and raters differ most, for every criterion in turn.

Each place of a batch belongs to a criterion. Of its strata the one is taken that is most due: with the highest weight
(the mean of its rows) by the number of rows seen of it, as seats are divided among parties (D'Hondt). Its rows rotate;
among those next in turn the one is drawn whose strata of the other criteria are most due, since a row is discussed for
all criteria. Like the sampling of hard cases by ProTeGi (arXiv 2305.03495), but balanced, and blind to rater noise.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, cycle, islice
from statistics import fmean

import dspy
import numpy as np

from programs.optimizer.judge import Judge
from programs.optimizer.plugs import About, Batches, Search
from programs.optimizer.rows.strata import Stratum, spread, strata_of
from signatures.records import Group

Weights = Mapping[Stratum, float]
"""A row's strata, with its weight in each."""


def hard_batches(pool: int) -> Batches:
    """Draws from `pool` training rows, or from all where there are no more.

    The judge scores them before the first step, and again before a step that starts from another judge.
    """

    def batches(
        search: Search, size: int, judge: Callable[[], Judge], about: About
    ) -> Iterator[Sequence[dspy.Example]]:
        random = np.random.default_rng([search.seed, 1])
        criteria = judge().task.criteria
        rows = spread(search.trainset, criteria, max(pool, size), random)
        rotation = Rotation([each.name for each in criteria], len(rows), random)
        scored: Judge | None = None
        weights: list[Weights] = []
        for number in count(1):
            current = judge()
            if current is scored:
                search.stages.spare(current, rows)
            else:
                scored = current
                judgements = search.stages.judge(current, rows)
                weights = [strata_of(criteria, row, each) for row, each in zip(rows, judgements, strict=True)]
            yield [rows[place] for place in rotation.batch(weights, size, about(number))]

    return batches


class Rotation:
    """Which rows (places) and strata have had their turn, over all steps; what is equal is ordered by chance."""

    def __init__(self, criteria: Sequence[str], rows: int, random: np.random.Generator) -> None:
        self._turns = cycle(random.permutation(criteria).tolist())
        self._order = random.permutation(rows).tolist()
        self._criteria = len(criteria)
        self._seen: Counter[Stratum] = Counter()
        self._drawn: Counter[int] = Counter()

    def batch(self, weights: Sequence[Weights], size: int, focus: Group) -> list[int]:
        """`size` different rows, drawn for the criteria of `focus`; `weights` says how hard each row is.

        Raises ValueError where there are fewer rows.
        """
        if size > len(weights):
            raise ValueError(f"a batch of {size} needs at least {size} training rows, there are {len(weights)}")
        chosen: list[int] = []
        while len(chosen) < size:
            place = self._next([place for place in self._order if place not in chosen], weights, focus)
            chosen.append(place)
            self._drawn[place] += 1
            self._seen.update(weights[place].keys())
        return chosen

    def _next(self, left: Sequence[int], weights: Sequence[Weights], focus: Group) -> int:
        """The row for the next criterion in turn that has a score on any row left; for none, the next row in turn."""
        for name in islice(self._turns, self._criteria):
            if name in focus and any(stratum[0] == name for place in left for stratum in weights[place]):
                return self._of_stratum(self._most_due(name, left, weights), left, weights)
        return min(left, key=self._drawn.__getitem__)

    def _most_due(self, name: str, left: Sequence[int], weights: Sequence[Weights]) -> Stratum:
        held: dict[Stratum, list[float]] = {}
        for place in left:
            for stratum, weight in weights[place].items():
                if stratum[0] == name:
                    held.setdefault(stratum, []).append(weight)
        return max(held, key=lambda stratum: self._due(stratum, fmean(held[stratum])))

    def _of_stratum(self, stratum: Stratum, left: Sequence[int], weights: Sequence[Weights]) -> int:
        members = [place for place in left if stratum in weights[place]]
        fewest = min(self._drawn[place] for place in members)
        turn = [place for place in members if self._drawn[place] == fewest]
        return max(turn, key=lambda place: sum(self._due(each, weight) for each, weight in weights[place].items()))

    def _due(self, stratum: Stratum, weight: float) -> float:
        return weight / (1 + self._seen[stratum])
