"""Has a judge changed since it scored some rows? Against its own noise, with a stated rate of false alarms.

A judge that is asked twice may answer twice, so its rows were scored several times when they were frozen. If it has not
changed, the new scoring of a row is one more of the same kind, and any of that row's scorings might as well have been
the new one. So the test deals them out anew, row by row and all criteria of a row alike, and counts how often a measure
comes out as extreme as it did (a randomization test: its false alarm rate is exact, whatever scores look like, as far
as calls do not depend on each other). Holm's method holds that rate over all criteria and measures together.

The intervals say how large the change is: they resample documents, as all intervals here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.clustered import unless_certain
from metrics.estimates import Estimate
from metrics.intervals import Scale
from metrics.metric import spearman
from metrics.multiplicity import holm
from metrics.repeats import MEASURES, Occasions, occasions, splits
from metrics.scores import Codes, Values
from metrics.summary import RESAMPLES, Cell, cell_table
from metrics.tables import BATCH_NUMBERS, informing
from signatures.records import Criterion

DRAWS_A_TEST = 10
"""So many random deals per test and per unit of 1/alpha: the smallest p-value is then a tenth of what Holm asks for."""

FEWEST_DRAWS, MOST_DRAWS = 2_000, 50_000

TIE = 1e-9
"""Deals whose measure is so near the observed one count as equal to it: sums of floats differ in their last digits."""


@dataclass(frozen=True, eq=False)
class Scorings:
    """Scores of n rows on K criteria: `then` (R, n, K) and `now` (S, n, K), NaN is unscored; R >= 2, S >= 1.

    `documents` (n,) are codes of what is resampled (None: rows stand for themselves). Raises `ValueError` for arrays
    that do not fit together, and for a single scoring then, from which no noise can be known.
    """

    criteria: tuple[Criterion, ...]
    then: Values
    now: Values
    documents: Codes | None = None

    def __post_init__(self) -> None:
        if self.then.ndim != 3 or self.now.ndim != 3 or self.then.shape[1:] != self.now.shape[1:]:
            raise ValueError(f"scorings {self.then.shape} and {self.now.shape} are not of the same rows and criteria")
        if self.then.shape[2] != len(self.criteria) or not self.then.shape[1]:
            raise ValueError(f"scorings {self.then.shape} do not fit {len(self.criteria)} criteria, or hold no row")
        if len(self.then) < 2 or not len(self.now):
            raise ValueError("the noise of a judge needs two scorings then, and a change one now")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(criterion.name for criterion in self.criteria)

    @property
    def clusters(self) -> tuple[Codes, int]:
        """Code of each row's cluster, and their number."""
        rows = np.arange(self.then.shape[1]) if self.documents is None else self.documents
        known, codes = np.unique(rows, return_inverse=True)
        return codes, len(known)


@dataclass(frozen=True)
class Change:
    """One measure of one criterion: its value with a 95 % interval, and Holm's p-value over all (None: undefined)."""

    criterion: str
    measure: str
    cell: Cell
    p: float | None
    p_holm: float | None


def changes(scorings: Scorings, *, alpha: float = 0.01, seed: int = 0, resamples: int = RESAMPLES) -> list[Change]:
    """Every measure of every criterion, now against then.

    The number of random deals goes by `alpha`, the rate of false alarms that the p-values will be held against.
    """
    tables = change_cells(scorings, seed=seed, resamples=resamples)
    tests = len(MEASURES) * len(scorings.criteria)
    draws = int(np.clip(DRAWS_A_TEST * tests / alpha, FEWEST_DRAWS, MOST_DRAWS))
    ps = {
        (name, measure): None if np.isnan(p) else float(p)
        for name, row in zip(scorings.names, randomization(scorings, draws=draws, seed=seed), strict=True)
        for measure, p in zip(MEASURES, row, strict=True)
    }
    adjusted = dict(zip(ps, holm(list(ps.values())), strict=True))
    return [Change(*key, tables[key[1]][key[0]], p, adjusted[key]) for key, p in ps.items()]


def change_cells(scorings: Scorings, *, seed: int = 0, resamples: int = RESAMPLES) -> Mapping[str, Mapping[str, Cell]]:
    """Measure -> criterion -> value and interval; `n` counts the rows that both times scored (coverage: all rows)."""
    codes, total = scorings.clusters
    every = np.concatenate([scorings.then, scorings.now])
    ways = splits(len(scorings.then), len(scorings.now))[:1]
    tables, paired, ordered = [], [], []
    for column in range(len(scorings.criteria)):
        table, places = occasions(every[:, :, column], ways)
        width = len(table.both)
        counts = np.bincount(codes * width + places[:, 0], minlength=total * width).reshape(total, width)
        tables.append((table, counts.astype(np.float64)))
        paired.append(table.both[places[:, 0]] > 0)
        means = (np.where(paired[-1], side.mean[places[:, 0]], np.nan) for side in (table.then, table.now))
        ordered.append(min(informing(each, codes) for each in means))
    estimate = _estimate(tables, np.array(paired), np.array(ordered), codes, total)
    found = cell_table(estimate, MEASURES, _scales(scorings.criteria), scorings.names, seed=seed, resamples=resamples)
    return {measure: {name: unless_certain(table[name]) for name in scorings.names} for measure, table in found.items()}


def randomization(scorings: Scorings, *, draws: int, seed: int = 0) -> Values:
    """(K, 4) p-values that nothing has changed, in the order of `MEASURES`; NaN where a measure is undefined."""
    every = np.concatenate([scorings.then, scorings.now])
    ways = splits(len(scorings.then), len(scorings.now))
    tables = [occasions(every[:, :, column], ways) for column in range(len(scorings.criteria))]
    observed = np.stack([found.extremes(_counts(cells[:, :1].T, found)) for found, cells in tables])[:, 0]
    rows, generator = every.shape[1], np.random.default_rng([seed, 3])
    batch = max(1, BATCH_NUMBERS // max(rows, *(len(found.both) for found, _ in tables)))
    reached = np.zeros_like(observed)
    for start in range(0, draws, batch):
        dealt = generator.integers(len(ways), size=(min(batch, draws - start), rows))
        for place, (found, cells) in enumerate(tables):
            drawn = found.extremes(_counts(cells[np.arange(rows), dealt], found))
            reached[place] += (~(drawn < observed[place] - TIE)).sum(axis=0)  # undefined counts as extreme
    return np.where(np.isnan(observed), np.nan, (1 + reached) / (1 + draws))


def own_noise(then: Values) -> tuple[float | None, float | None]:
    """What (R, n) scorings of one judge on one criterion say of its noise.

    The standard deviation of a score over scorings of the same row (None: no row was scored twice), and the mean
    Spearman of each scoring with the mean of the others (None: undefined in one).
    """
    scored = ~np.isnan(then)
    twice = scored.sum(axis=0) > 1
    variance = float(np.nanvar(then[:, twice], axis=0, ddof=1).mean()) if twice.any() else None
    itself = []
    for place in range(len(then)):
        others = np.delete(then, place, axis=0)
        known = (~np.isnan(others)).any(axis=0)
        itself.append(spearman(then[place, known], np.nanmean(others[:, known], axis=0)))
    agreed = [value for value in itself if value is not None]
    mean = sum(agreed) / len(agreed) if len(agreed) == len(itself) else None
    return None if variance is None else variance**0.5, mean


def _estimate(
    tables: Sequence[tuple[Occasions, Values]], paired: Values, ordered: Codes, codes: Codes, total: int
) -> Estimate:
    def values(weights: Values) -> Values:
        return np.stack([found.measures(weights @ counts) for found, counts in tables], axis=2)

    rows = paired.sum(axis=1)
    support = np.array([len(np.unique(codes[column])) for column in paired])
    counted = np.stack([rows] * 3 + [np.full_like(rows, paired.shape[1])])
    informed = np.stack([support, support, ordered, np.full_like(support, total)])
    counted, informed = (np.append(each, each.min(axis=1, keepdims=True), axis=1) for each in (counted, informed))
    width = max(counts.shape[1] for _, counts in tables)
    return Estimate(total, width, values, counted, np.zeros_like(counted), informed)


def _scales(criteria: Sequence[Criterion]) -> list[Scale]:
    span = float(max(criterion.high - criterion.low for criterion in criteria))
    shapes = {
        "bias": Scale(-span, span, "plain"),
        "spread": Scale(0.0, np.inf, "logarithm"),
        "spearman": Scale(-1.0, 1.0, "fisher"),
        "coverage": Scale(-1.0, 1.0, "plain"),
    }
    return [shapes[measure] for measure in MEASURES]


def _counts(cells: Codes, found: Occasions) -> Values:
    """(B, C) how many rows are in each cell, from the rows' cells (B, n)."""
    width = len(found.both)
    flat = (cells + width * np.arange(len(cells))[:, None]).ravel()
    return np.bincount(flat, minlength=width * len(cells)).reshape(len(cells), width).astype(np.float64)
