"""What a pilot knows: pairs of judges on rated rows, gains by seed, and what its calls took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from metrics.estimates import pooled, pooled_difference
from metrics.metric import Metric
from metrics.sample_size import Variance, scaling, variances
from metrics.scores import Scores


@dataclass(frozen=True)
class Spent:
    """Calls and their tokens."""

    calls: float
    prompt_tokens: float
    completion_tokens: float

    def times(self, number: float) -> "Spent":
        """So many times as much."""
        return Spent(*(number * each for each in vars(self).values()))


@dataclass(frozen=True)
class Pace:
    """A pilot's calls: what one of its judge and what a whole run takes, and seconds of any call (None: unknown)."""

    lm: str | None = None
    api_base: str | None = None
    heads: int = 1
    call: Spent | None = None
    run: Spent | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Rating:
    """Each rating is the mean of so many `raters`; the `reliability` of that mean, in 0..1."""

    raters: float
    reliability: float


@dataclass(frozen=True)
class Part:
    """One part of the advice: the mean over criteria, or a criterion.

    `variance` is per document, None where undefined. `bound`: it is the most that it can be, from one judge alone.
    `scaling` holds `metrics.sample_size.scaling`, empty where the pilot's rows are not there. `spread` is the variance
    of a run's gain over seeds, None where no method was run under two.
    """

    name: str
    variance: Variance | None
    bound: bool = False
    scaling: Sequence[float | None] = ()
    spread: Variance | None = None


@dataclass(frozen=True)
class Pilot:
    """All that the advice is made from. `rows` and `documents` are those of one set of test rows.

    `ratings` holds what is known of the raters, by criterion.
    """

    name: str
    rows: int
    documents: int
    parts: Sequence[Part]
    pairs: int
    seeds: int = 1
    pace: Pace = field(default_factory=Pace)
    ratings: Mapping[str, Rating] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Tried:
    """A run's two judges on its test rows, and what was run: runs of one method are its seeds (None: a single run)."""

    before: Scores
    after: Scores
    method: tuple[str, ...] | None = None


def parts_of(tried: Sequence[Tried], metric: Metric, seed: int) -> tuple[list[Part], int]:
    """The parts, the mean first, and how many pairs of judges that differ they are from.

    Where no two judges differ, the variance of one judge's value stands in: values of judges on the same rows, whose
    errors do not go against each other, differ with at most twice of it.
    """
    names = tried[0].before.names
    different = [each for each in tried if not np.array_equal(each.before.judge, each.after.judge, equal_nan=True)]
    pairs = [pooled_difference(each.before, each.after, [metric], seed) for each in different]
    single = [] if pairs else [pooled(tried[0].before, [metric], seed)]
    found = [variances(estimate) for estimate in pairs or single]
    known = [_mean([each[column] for each in found], doubled=not pairs) for column in range(len(names) + 1)]
    checked = [scaling(estimate, seed=seed) for estimate in pairs or single] if any(known) else []
    spreads = _spreads(tried, metric, seed)
    parts = []
    for column, name in [(len(names), "mean"), *enumerate(names)]:
        checks = [] if known[column] is None else _means([each[column] for each in checked])
        parts.append(Part(name, known[column], not pairs, checks, spreads.get(column)))
    return parts, len(pairs)


def _mean(found: Sequence[Variance | None], *, doubled: bool) -> Variance | None:
    """The mean variance over the pairs. They share rows, so it is known no better than the best known one of them."""
    known = [each for each in found if each is not None and each.value > 0]
    if not known:
        return None
    value = float(np.mean([each.value for each in known]))
    return Variance(2 * value if doubled else value, max(each.freedom for each in known))


def _means(checked: Sequence[Sequence[float | None]]) -> list[float | None]:
    """At each share the mean over the pairs in which it is defined."""
    known = ([each for each in one if each is not None] for one in zip(*checked, strict=True))
    return [float(np.mean(each)) if each else None for each in known]


def _spreads(tried: Sequence[Tried], metric: Metric, seed: int) -> dict[int, Variance]:
    """Column -> variance of the gain over the seeds of one method, pooled over methods; only where it is known."""
    methods: dict[tuple[str, ...], list[np.ndarray]] = {}
    for each in tried:
        if each.method is not None:
            gains = pooled_difference(each.before, each.after, [metric], seed).point[0]
            methods.setdefault(each.method, []).append(gains)
    found = {}
    for column in range(len(tried[0].before.names) + 1):
        known = [[gains[column] for gains in runs if not np.isnan(gains[column])] for runs in methods.values()]
        several = [gains for gains in known if len(gains) > 1]
        if several:
            freedom = sum(len(gains) - 1 for gains in several)
            squares = sum(float(np.var(gains, ddof=1)) * (len(gains) - 1) for gains in several)
            found[column] = Variance(squares / freedom, float(freedom))
    return found


def seeds_of(tried: Sequence[Tried]) -> int:
    """The most seeds that a method was run under."""
    methods = [each.method for each in tried if each.method is not None]
    return max((methods.count(method) for method in methods), default=1)
