"""The advice: how many documents, rows, raters and seeds a difference needs, and what they cost."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any

from metrics.attenuation import mean_reliability, seen_difference
from metrics.sample_size import FRACTIONS, Needed, Variance, needed, visible
from programs.advising.pilot import Pace, Part, Pilot, Rating, Spent
from programs.records.prices import Price

RATERS = (1, 2, 3, 5, 10)
"""Numbers of raters that are compared."""

Ratings = Mapping[str, Rating]
"""Criterion (and `mean`) -> what is known of its ratings."""

ODD = 1.33
"""A standard error so many times larger or smaller than 1/sqrt(documents) says is pointed out."""


@dataclass(frozen=True)
class Question:
    """The difference to be seen, in `metric`, with which power at which two-sided level."""

    difference: float
    metric: str
    power: float
    alpha: float


@dataclass(frozen=True)
class Cost:
    """Calls, and where they are known tokens, USD and hours."""

    calls: int
    prompt_tokens: float | None
    completion_tokens: float | None
    usd: float | None
    hours: float | None


@dataclass(frozen=True)
class Advice:
    """One part's advice. `sees` is what the pilot itself can see; `rows` and `documents` are needed, None is too many.

    `cost` is that of two judges on the rows. `rating` is what is known of the ratings, `raters` are rows needed by
    number of raters; `seeds` the runs whose mean
    gain shows the difference, at the pilot's size, and `seeds_cost` theirs. None throughout: undefined or unknown.
    """

    name: str
    sees: float | None
    documents: Needed | None
    rows: Needed | None
    bound: bool
    scaling: Mapping[str, float | None]
    cost: Cost | None
    rating: Rating | None
    raters: Mapping[int, int | None] | None
    seeds: Needed | None
    seeds_cost: Cost | None

    @property
    def odd(self) -> bool:
        """Whether the error did not fall in the pilot as the advice supposes."""
        return any(each is not None and not 1 / ODD <= each <= ODD for each in self.scaling.values())

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def advise(pilot: Pilot, question: Question, price: Price | None, ratings: Ratings, *, paced: bool) -> list[Advice]:
    """The advice on every part. `paced`: hours are those of the pilot's own LM, else unknown."""
    return [_part(pilot, part, question, price, ratings, paced) for part in pilot.parts]


def _part(pilot: Pilot, part: Part, question: Question, price: Price | None, ratings: Ratings, paced: bool) -> Advice:
    seeds = None if part.spread is None else _needed(part.spread, question, least=2)
    runs = None if seeds is None or seeds.units is None else run_cost(seeds.units, pilot.pace, price, paced=paced)
    shares = dict(zip(map(str, FRACTIONS), part.scaling, strict=True)) if part.scaling else {}
    if part.variance is None:
        return Advice(part.name, None, None, None, part.bound, shares, None, None, None, seeds, runs)
    documents = _needed(part.variance, question)
    rows = _rows(documents, pilot)
    cost = None if rows.units is None else cost_of(2 * rows.units * pilot.pace.heads, pilot.pace, price, paced=paced)
    sees = visible(part.variance, pilot.documents, alpha=question.alpha, target=question.power)
    rating = ratings.get(part.name)
    raters = None if rating is None else _by_raters(pilot, rating, part.variance, question)
    return Advice(part.name, sees, documents, rows, part.bound, shares, cost, rating, raters, seeds, runs)


def cost_of(calls: int, pace: Pace, price: Price | None, *, paced: bool) -> Cost:
    """What so many judge calls take at the pilot's tokens a call."""
    return _cost(calls, pace.call and pace.call.times(calls), pace, price, paced)


def run_cost(runs: int, pace: Pace, price: Price | None, *, paced: bool) -> Cost | None:
    """What so many runs like the pilot's take, with every role at the judge's price; None where unknown."""
    spent = None if pace.run is None else pace.run.times(runs)
    return None if spent is None else _cost(ceil(spent.calls), spent, pace, price, paced)


def _cost(calls: int, spent: Spent | None, pace: Pace, price: Price | None, paced: bool) -> Cost:
    hours = calls * pace.seconds / 3600 if paced and pace.seconds is not None else None
    if spent is None:
        return Cost(calls, None, None, None, hours)
    usd = None if price is None else price.usd(spent.prompt_tokens, spent.completion_tokens)
    return Cost(calls, spent.prompt_tokens, spent.completion_tokens, usd, hours)


def _needed(variance: Variance, question: Question, **least: int) -> Needed:
    return needed(variance, question.difference, alpha=question.alpha, target=question.power, **least)


def _rows(documents: Needed, pilot: Pilot) -> Needed:
    """Documents of the pilot's size: their rows, the unscored ones with them."""
    size = pilot.rows / pilot.documents
    return Needed(*(None if each is None else ceil(each * size) for each in vars(documents).values()))


def _by_raters(pilot: Pilot, rating: Rating, variance: Variance, question: Question) -> dict[int, int | None]:
    """Rows needed by number of raters: the same gain of a judge shows more where ratings are less noisy."""
    found = {}
    for raters in RATERS:
        other = mean_reliability(rating.reliability, rating.raters, raters)
        seen = replace(question, difference=seen_difference(question.difference, rating.reliability, other))
        found[raters] = _rows(_needed(variance, seen), pilot).units
    return found
