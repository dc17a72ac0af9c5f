"""What the properties are tested on: few levels, so that ties abound; fractions; short and constant columns; gaps."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from metrics.scores import Codes, Scores, Values
from signatures.records import Criterion

NAMES = ("fluency", "relevance")
LEVELS = st.integers(1, 5).map(float)
MEANS = st.integers(3, 15).map(lambda total: total / 3)
"""Of three raters."""

REALS = st.integers(100, 500).map(lambda cents: cents / 100)
MAYBE = st.one_of(LEVELS, st.just(np.nan))
"""A score, or none."""

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def columns(draw: st.DrawFn, least: int = 0, most: int = 25, gaps: bool = False) -> tuple[Values, Values]:
    """Judge and human, (n,) each."""
    judge = MAYBE if gaps else draw(st.sampled_from([LEVELS, REALS]))
    human = draw(st.sampled_from([LEVELS, MEANS]))
    rows = draw(st.lists(st.tuples(judge, human), min_size=least, max_size=most))
    return np.array([one for one, _ in rows]), np.array([other for _, other in rows])


@st.composite
def rated(
    draw: st.DrawFn, least: int = 1, most: int = 30, gaps: float = 0.2, names: tuple[str, ...] = NAMES, raters: int = 0
) -> Scores:
    """Judges that follow the raters somewhat, with `gaps` unscored, in documents of a few rows."""
    random = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(least, most))
    shape = (size, len(names))
    given = random.integers(1, 6, (*shape, max(raters, 1))).astype(np.float64)
    given = np.clip(given + random.integers(-2, 3, (*shape, 1)), 1, 5)
    human = given.mean(axis=2)
    judge = np.clip(np.round(human + random.integers(-2, 3, shape)), 1, 5)
    judge[random.random(shape) < gaps] = np.nan
    documents: Codes = random.integers(0, max(size // 2, 1), size)
    criteria = tuple(Criterion(name, 1, 5) for name in names)
    return Scores(criteria, human, judge, documents, random.integers(0, 3, size), given if raters else None)


def again(scores: Scores, seed: int) -> Scores:
    """Another judge of the same rows."""
    random = np.random.default_rng([seed, 1])
    moved = np.clip(scores.judge + random.integers(-1, 2, scores.judge.shape), 1, 5)
    return scores.with_judge(moved)


def shuffled(scores: Scores, seed: int) -> Scores:
    """The rows in another order, their documents under other codes."""
    order = np.random.default_rng([seed, 2]).permutation(len(scores))
    found = scores.rows(order)
    relabelled = None if found.documents is None else 1000 - 3 * found.documents
    return Scores(found.criteria, found.human, found.judge, relabelled, found.systems, found.raters)


def same(one: float | None, other: float | None, turn: Callable[[float], float] = lambda value: value) -> bool:
    """Equal but for rounding, or both undefined."""
    if one is None or other is None:
        return one is other
    return bool(np.isclose(turn(one), other, rtol=1e-9, atol=1e-9))
