"""Abstaining: which scores may stand when their mean absolute error is to stay within a risk (selective prediction).

A score is kept where the judge's confidence is over a threshold. Risk is the mean absolute error of the kept scores, in
levels; coverage is their share. Geifman & El-Yaniv 2017 (arXiv 1705.08500) choose a threshold whose risk is guaranteed
with a given probability. So does this, with three differences, since there are few validation rows here: errors are no
0 or 1 but a share of the scale, so the bound is a bet (Waudby-Smith & Ramdas 2024, arXiv 2010.09686), which gains from
small variance; thresholds are tried from strict to lenient and hand on their level (the fallback procedure, Wiens 2003)
in place of Bonferroni's correction; rows of one document are one draw.

Covered: with probability 95 % over the validation rows, the risk on new rows like them is at most the one asked for;
exact for independent rows, since a threshold is the confidence of the row at a fixed rank and the rows above it are
then independent draws. Of documents, it holds for those with at most as many kept rows as the largest one here, and
ranks are taken as fixed. Each criterion is covered by itself. Not covered: rows unlike these, or rows that chose the
judge, on which it looks better than it is.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.intervals import LEVEL
from metrics.scores import Codes, Values

COVERAGES = 20
"""Thresholds that are tried: those that keep 5 %, 10 %, ... 100 % of the rows."""

STARTS = 4
"""Those that keep a quarter, half, three quarters and all start with a quarter of the level each; the others have what
is handed on to them. More starts reach smaller risks and need more rows."""

MOST_STAKED = 0.9
"""Of what may be staked on a row at the most. With all of it, one error of the scale's width would end the bet."""

ORDER = 0
"""Seed of the order in which rows are staked on: any fixed one is right, but that of a file may be sorted."""


@dataclass(frozen=True, eq=False)
class Graded:
    """Scores of one criterion held against ratings, all (n,): `confidence`, absolute `error` in levels, and `clusters`,
    codes of what is drawn as one (documents, or rows). `span` is the scale's width: the largest error there can be."""

    confidence: Values
    error: Values
    clusters: Codes
    span: float

    def __len__(self) -> int:
        return len(self.error)


@dataclass(frozen=True)
class Point:
    """One threshold (None keeps every score that has a confidence): how many rows are above it, as a number and as a
    share, their mean absolute error, and its upper limit at 95 % were this the only threshold tried."""

    threshold: float | None
    kept: int
    coverage: float
    error: float
    upper: float


def risk_coverage(graded: Graded) -> list[Point]:
    """The curve: one point a threshold, from strict to lenient. A threshold that keeps no row is none."""
    points = [at(graded, each) for each in dict.fromkeys(_thresholds(graded))]
    return [point for point in points if point is not None]


def choose(graded: Graded, risk: float) -> Point | None:
    """The most lenient threshold whose risk is at most `risk` levels, at 95 %; None where there is none."""
    found, level = [], 0.0
    for number, threshold in enumerate(_thresholds(graded), start=1):
        level += (1 - LEVEL) / STARTS * (number * STARTS % COVERAGES == 0)
        if _doubt(graded, threshold, risk) > level:
            level = 0.0
        else:
            found.append(threshold)
    return _point(graded, found[-1]) if found else None


def at(graded: Graded, threshold: float | None) -> Point | None:
    """What a threshold that was chosen elsewhere does to these rows; None where it keeps none of them."""
    return _point(graded, threshold) if _above(graded, threshold).any() else None


def reachable(graded: Graded) -> float | None:
    """The smallest risk, in hundredths of a level, that `choose` finds a threshold for; None where there is none."""
    hundredths = range(1, round(graded.span * 100))
    place = bisect_left(hundredths, True, key=lambda each: choose(graded, each / 100) is not None)
    return hundredths[place] / 100 if place < len(hundredths) else None


def p_value(shares: Values, clusters: Codes, risk: float) -> float:
    """P-value of this: what `shares` (n,), from 0 to 1, were drawn from has a mean of at least `risk`.

    One over the most that a gambler gains who stakes against it, cluster by cluster: if it is true, a gain of 1/p comes
    with a probability of p at the most (Ville). Stakes are those of Waudby-Smith & Ramdas (section 4.4), smaller the
    more the clusters met before have varied. The rows of a cluster are won or lost together.
    """
    if risk >= 1 or not len(shares):
        return float(not len(shares))
    codes = np.unique(clusters, return_inverse=True)[1]
    surplus = np.bincount(codes, shares - risk) / np.bincount(codes).max()
    surplus = np.random.default_rng(ORDER).permutation(surplus)
    stakes = np.minimum(MOST_STAKED / (1 - risk), np.sqrt(-2 * np.log(1 - LEVEL) / len(surplus) / _variances(surplus)))
    return float(np.exp(-max(0.0, np.cumsum(np.log1p(-stakes * surplus)).max())))


def _variances(drawn: Values) -> Values:
    """Before each draw, the variance of those before it, with a quarter for one more: the most that there can be."""
    count = np.arange(1, len(drawn) + 1)
    means = np.cumsum(drawn) / count
    return np.concatenate([[0.25], (0.25 + np.cumsum((drawn - means) ** 2))[:-1] / count[1:]])


def _thresholds(graded: Graded) -> Iterator[float | None]:
    """The confidence below that of each share of the rows, from strict to lenient."""
    ranked = np.sort(graded.confidence)[::-1]
    for number in range(1, COVERAGES):
        place = len(ranked) * number // COVERAGES
        if place < len(ranked):
            yield float(ranked[place])
    yield None


def _above(graded: Graded, threshold: float | None) -> NDArray[np.bool_]:
    return graded.confidence > (-np.inf if threshold is None else threshold)


def _doubt(graded: Graded, threshold: float | None, risk: float) -> float:
    above = _above(graded, threshold)
    return p_value(graded.error[above] / graded.span, graded.clusters[above], risk / graded.span)


def _point(graded: Graded, threshold: float | None) -> Point:
    above = _above(graded, threshold)
    kept = int(above.sum())
    low, high = 0.0, graded.span
    for _ in range(30):  # halvings: the limit is where the p-value comes down to 5 %
        middle = (low + high) / 2
        low, high = (middle, high) if _doubt(graded, threshold, middle) > 1 - LEVEL else (low, middle)
    return Point(threshold, kept, kept / len(graded), float(graded.error[above].mean()), round(high, 6))
