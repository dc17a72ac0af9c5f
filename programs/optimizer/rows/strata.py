"""Strata of training rows: by criterion, human level and direction of the judge's error, and what a row weighs there.

A random batch of three BRIGHTER rows holds no anger at all in 68 of 100 cases, so nothing is learned about it there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import stdev

import dspy
import numpy as np

from signatures.loss import Comparison
from signatures.records import Criterion, Judgement, nearest_level

Stratum = tuple[str, int, str]
"""Criterion, human level, and the judge's score against it: `right`, `too high` or `too low`."""

Cell = tuple[str, int]
"""Criterion and human level."""

ROUNDING = 0.5
"""Levels by which a whole score may differ from a mean of raters that is rounded to it."""

LEAST = 0.25
"""Levels that a row without any disagreement weighs: right scores are shown too, seldom, since they must stay."""


def rater_noise(row: dspy.Example, name: str) -> float:
    """By how much raters differ on a row: the standard deviation of their scores, or without two of them `ROUNDING`."""
    given = [score for score in ((row.get("rater_scores") or {}).get(name) or {}).values() if score is not None]
    return max(stdev(given), ROUNDING) if len(given) > 1 else ROUNDING


def strata_of(criteria: Iterable[Criterion], row: dspy.Example, judgement: Judgement) -> dict[Stratum, float]:
    """A row's stratum for every criterion that was scored, with its weight: how many levels judge and raters differ
    beyond the raters' noise, at least `LEAST`."""
    found = {}
    for criterion in criteria:
        if (score := judgement.scores.get(criterion.name)) is not None:
            compared = Comparison(criterion, score, row[criterion.name])
            beyond = abs(score - compared.human) - rater_noise(row, criterion.name)
            found[criterion.name, nearest_level(compared.human), compared.verdict] = max(beyond, LEAST)
    return found


def cells_of(criteria: Iterable[Criterion], row: dspy.Example) -> tuple[Cell, ...]:
    """A row's cell for every criterion."""
    return tuple((each.name, nearest_level(row[each.name])) for each in criteria)


def spread(
    rows: Sequence[dspy.Example], criteria: Sequence[Criterion], count: int, random: np.random.Generator
) -> list[dspy.Example]:
    """A seeded choice of `count` rows (all, where there are no more), in the rows' order, that spares rare cells.

    Cells take turns, the rarest first: each takes a random one of its rows that is not taken yet.
    """
    if count >= len(rows):
        return list(rows)
    of = {place: cells_of(criteria, row) for place, row in enumerate(rows)}
    sizes = Counter(cell for cells in of.values() for cell in cells)
    order = random.permutation(len(rows)).tolist()
    rarest = sorted(sizes, key=lambda cell: (sizes[cell], cell))
    queues = {cell: [place for place in order if cell in of[place]] for cell in rarest}
    return [rows[place] for place in sorted(_in_turn(queues, count))]


def _in_turn(queues: Mapping[Cell, list[int]], count: int) -> set[int]:
    taken: set[int] = set()
    while True:
        for queue in queues.values():
            if (place := next((each for each in queue if each not in taken), None)) is not None:
                taken.add(place)
            if len(taken) == count:
                return taken
