"""Do 95 % intervals hold the truth 95 % of the time, and do tests raise 5 % false alarms? On planted data, whose truth
is known. Prints every table; run by hand:

    python -m tests.reliability.coverage [DATASETS]
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from metrics.ceiling import JUDGE, RATERS, ceiling
from metrics.clustered import Sums, ratio_cells
from metrics.estimates import Estimate, by_document, by_document_difference, pooled, pooled_difference
from metrics.halo import halo
from metrics.intervals import Scale, difference_scale, intervals, value_scale
from metrics.metric import METRICS
from metrics.noninferiority import compare, judge_all
from metrics.over_runs import difference_over_runs, values_over_runs
from metrics.scores import Codes, Scores, Values
from tests.measured import Figure, keep
from tests.reliability.planted import CLOSE, EVEN, POPULATIONS, RARE, Population

DATASETS = 2_000
RESAMPLES = 600
"""Fewer than the program's 2,000, for time: percentiles then cost about .3 points of coverage."""

ROWS_OF_TRUTH = 1_000_000
"""A sample so large that its own error does not matter."""

SIZES = {
    30: ((30, 1), (15, 2), (6, 5)),
    60: ((60, 1), (30, 2), (12, 5)),
    150: ((150, 1), (30, 5), (9, 16)),
    300: ((300, 1), (60, 5), (19, 16)),
}
"""About so many rows: documents and rows a document."""

LOW, HIGH = 0.93, 0.97
CHOSEN = ("spearman", "pairwise", "qwk", "mae", "accuracy")
"""One of each kind: Kendall's tau goes with Spearman's correlation, alpha with kappa, off by one with accuracy."""

METRIC_LIST = [METRICS[name] for name in CHOSEN]
VALUE_SCALES = [value_scale(metric) for metric in METRIC_LIST]
DIFFERENCE_SCALES = [difference_scale(metric) for metric in METRIC_LIST]
COMMAND = "python -m tests.reliability.coverage"


@dataclass
class Tally:
    """How often the intervals of one kind of table held the truth, by the table's cells, over the data sets."""

    kind: str
    where: str
    labels: tuple[str, ...]
    held: list[Values] = field(default_factory=list)

    def see(self, low: Values, high: Values, truth: Values) -> None:
        """Of a data set; NaN where there is no interval."""
        slack = 1e-9
        held = (low - slack <= truth) & (truth <= high + slack)
        self.held.append(np.where(np.isnan(low), np.nan, held).ravel())

    @property
    def shares(self) -> Values:
        """By cell; NaN where fewer than half of the data sets had an interval: there the program says nothing."""
        held = np.array(self.held)
        known = (~np.isnan(held)).sum(axis=0)
        return np.divide(np.nansum(held, axis=0), known, out=np.full(len(known), np.nan), where=2 * known > len(held))

    def show(self) -> None:
        listed = " ".join(f"{name} {share:.1%}" for name, share in zip(self.labels, self.shares, strict=True))
        print(f"{self.kind}, {self.where}: {listed.replace('nan%', '-')}", flush=True)


def generator(*seeds: int) -> np.random.Generator:
    return np.random.default_rng(seeds)


def sizes_of(documents: int, rows: int) -> Codes:
    return np.full(documents, rows, dtype=np.intp)


@lru_cache
def truth(population: Population, rows: int, within: bool) -> Values:
    """(M, K + 1) of a population in documents of so many rows."""
    huge = population.draw(generator(rows), sizes_of(ROWS_OF_TRUTH // rows, rows))[0]
    value: Values = (by_document if within else pooled)(huge, METRIC_LIST).point
    return value


def tables(population: Population, documents: int, rows: int, datasets: int) -> list[Tally]:
    """Values and paired differences of two equally good judges, pooled and by document."""
    cells = tuple(f"{metric}/{name}" for metric in CHOSEN for name in ("c0", "c1", "mean"))
    kinds = [("value, pooled", False), ("difference, pooled", False)]
    kinds += [("value, by document", True), ("difference, by document", True)] if rows > 2 else []
    where = f"{population.name}, {documents} documents of {rows}"
    tallies = [Tally(kind, where, cells) for kind, _ in kinds]
    for number in range(datasets):
        before, after = population.draw(generator(number, documents, rows), sizes_of(documents, rows), (0.0, 0.0))
        for tally, (kind, within) in zip(tallies, kinds, strict=True):
            paired = kind.startswith("difference")
            estimate = _estimate(before, after, paired, within)
            scales, true = (DIFFERENCE_SCALES, np.zeros_like(estimate.point)) if paired else (VALUE_SCALES, None)
            bounds = intervals(estimate, scales, seed=number, resamples=RESAMPLES)
            tally.see(*bounds, truth(population, rows, within) if true is None else true)
    return tallies


def _estimate(before: Scores, after: Scores, paired: bool, within: bool) -> Estimate:
    if paired:
        return (by_document_difference if within else pooled_difference)(before, after, METRIC_LIST)
    return (by_document if within else pooled)(after, METRIC_LIST)


def bounds_of(cells: Sequence[dict[str, float | int | None]]) -> tuple[Values, Values]:
    """Lower and upper bounds of cells, NaN where there are none."""
    found = np.array([[cell["low"], cell["high"]] for cell in cells], dtype=np.float64)
    return found[:, 0], found[:, 1]


def over_runs(population: Population, documents: int, rows: int, datasets: int) -> list[Tally]:
    """Two runs whose test rows share three quarters of their documents."""
    chosen = [METRICS[name] for name in ("spearman", "qwk", "mae", "accuracy")]
    places = [CHOSEN.index(metric.name) for metric in chosen]
    labels = tuple(f"{metric.name}/{name}" for metric in chosen for name in ("c0", "c1", "mean"))
    where = f"{population.name}, {documents} documents of {rows}"
    value, change = (Tally(f"{kind}, over runs", where, labels) for kind in ("value", "difference"))
    true = truth(population, rows, False)[places].ravel()
    for number in range(datasets):
        whole = documents * 5 // 4
        judges = population.draw(generator(number, whole, rows, 2), sizes_of(whole, rows), (0.0,) * 4)
        codes = np.repeat(np.arange(whole), rows)
        parts = [codes < documents, codes >= whole - documents]
        runs = [_documented(judge, codes).rows(parts[place % 2]) for place, judge in enumerate(judges)]
        options = {"seed": number, "resamples": RESAMPLES}
        found = (
            values_over_runs(runs[:2], chosen, **options),
            difference_over_runs([(runs[0], runs[2]), (runs[1], runs[3])], chosen, **options),
        )
        for tally, own, wanted in zip((value, change), found, (true, np.zeros_like(true)), strict=True):
            tally.see(*bounds_of([own.cells[m.name][name] for m in chosen for name in ("c0", "c1", "mean")]), wanted)
    return [value, change]


def _documented(scores: Scores, codes: Codes) -> Scores:
    return Scores(scores.criteria, scores.human, scores.judge, codes)


def ceilings(population: Population, documents: int, rows: int, datasets: int) -> list[Tally]:
    """What is said of the raters, and of a judge against them."""
    labels = (*RATERS, *JUDGE)

    def cells(scores: Scores, seed: int, resamples: int) -> list[dict[str, float | int | None]]:
        found = ceiling({"judge": scores}, seed=seed, resamples=resamples)
        return [{**found["raters"], **found["judges"]["judge"]}[label]["c0"] for label in labels]

    huge = population.draw(generator(rows), sizes_of(ROWS_OF_TRUTH // 5 // rows, rows))[0].columns(["c0"])
    true = np.array([cell["value"] for cell in cells(huge, 0, 1)], dtype=np.float64)
    tally = Tally("ceiling", f"{population.name}, {documents} documents of {rows}", labels)
    for number in range(datasets):
        drawn = population.draw(generator(number, documents, rows, 3), sizes_of(documents, rows))[0].columns(["c0"])
        tally.see(*bounds_of(cells(drawn, number, RESAMPLES // 2)), true)
    return [tally]


def halos(population: Population, documents: int, rows: int, datasets: int) -> list[Tally]:
    """The judge's correlation of two criteria beyond the raters', and what each score adds."""

    def cells(scores: Scores, seed: int, resamples: int) -> list[dict[str, float | int | None]]:
        found = halo(scores, seed=seed, resamples=resamples)
        assert found is not None
        return [
            found["excess"]["c0|c1"],
            *(found[key][name] for key in ("given_ratings", "given_scores") for name in NAMES),
        ]

    huge = population.draw(generator(rows), sizes_of(ROWS_OF_TRUTH // rows, rows))[0]
    true = np.array([cell["value"] for cell in cells(huge, 0, 1)], dtype=np.float64)
    labels = ("excess", *(f"{key}/{name}" for key in ("given ratings", "given scores") for name in NAMES))
    tally = Tally("halo", f"{population.name}, {documents} documents of {rows}", labels)
    for number in range(datasets):
        drawn = population.draw(generator(number, documents, rows, 4), sizes_of(documents, rows))[0]
        tally.see(*bounds_of(cells(drawn, number, RESAMPLES)), true)
    return [tally]


NAMES = ("c0", "c1")


def notes(steps: int, size: int, datasets: int) -> list[Tally]:
    """Means and shares over the notes of steps, which are alike within a step, as the feedback's tables have them."""
    tallies = [Tally(f"notes, {kind}", f"{steps} steps of {size}", ("mean",)) for kind in ("ratings", "shares")]
    scales = [Scale(1.0, 10.0, "plain"), Scale(0.0, 1.0, "wilson")]
    codes = np.repeat(np.arange(steps), size)
    for number in range(datasets):
        random = generator(number, steps, size, 5)
        alike = random.normal(size=steps)[codes] * 0.6 + random.normal(size=steps * size) * 0.8
        given = [np.clip(np.round(6 + 2 * alike), 1, 10), (alike > 0.85).astype(np.float64)]
        for tally, scale, values, true in zip(tallies, scales, given, _notes_truth(), strict=True):
            sums = Sums.of(values[:, None], np.ones((len(codes), 1)), codes, steps)
            tally.see(*bounds_of([ratio_cells(sums, ["all"], scale, number)["all"]]), np.array([true]))
    return tallies


@lru_cache
def _notes_truth() -> tuple[float, float]:
    alike = generator(5).normal(size=4 * ROWS_OF_TRUTH)
    return float(np.clip(np.round(6 + 2 * alike), 1, 10).mean()), float((alike > 0.85).mean())


@dataclass(frozen=True)
class Alarms:
    """False alarms of compare.py's tests on one size: shares of data sets, one a metric."""

    where: str
    raw: Values
    family: Values
    not_worse: Values


def alarms(population: Population, documents: int, rows: int, datasets: int) -> Alarms:
    """Of equally good judges: p < 5 % on the mean, and any "better" or "worse" in the family of criteria. Of one that
    is worse by exactly the margin: "not worse"."""
    names, loss = ("spearman", "qwk", "mae"), -0.1
    huge = population.draw(generator(rows, 6), sizes_of(ROWS_OF_TRUTH // rows, rows), (0.0, loss))
    margins = -_change(huge[0], huge[1], names)
    hits = np.zeros((3, len(names)))
    for number in range(datasets):
        random = generator(number, documents, rows, 6)
        reference, equal, worse = population.draw(random, sizes_of(documents, rows), (0.0, 0.0, loss))
        for place, name in enumerate(names):
            alike = _verdicts(reference, equal, name, 0.0, number)
            hits[0, place] += (alike["mean"]["p"] or 1.0) < 0.05
            hits[1, place] += any(alike[each]["verdict"] in ("better", "worse") for each in NAMES)
            lost = _verdicts(reference, worse, name, float(margins[place]), number)["mean"]
            hits[2, place] += (lost["p_not_worse"] or 1.0) < 0.025
    return Alarms(f"{population.name}, {documents} documents of {rows}", *(hits / datasets))


def _change(reference: Scores, candidate: Scores, names: Sequence[str]) -> Values:
    """The mean over criteria, turned so that negative is a loss."""
    chosen = [METRICS[name] for name in names]
    found: Values = pooled_difference(reference, candidate, chosen).point[:, -1]
    return found * [metric.orientation for metric in chosen]


def _verdicts(reference: Scores, candidate: Scores, name: str, margin: float, seed: int):
    change = pooled_difference(reference, candidate, [METRICS[name]])
    found = compare(change, METRICS[name], reference.names, margin, seed=seed, resamples=RESAMPLES)
    return judge_all([found], METRICS[name], margin)[0]


def every_tally(datasets: int) -> Iterator[Tally]:
    for population in POPULATIONS:
        for documents, rows in (size for sizes in SIZES.values() for size in sizes):
            yield from tables(population, documents, rows, datasets)
    for documents, rows in ((12, 5), (40, 2)):
        yield from over_runs(EVEN, documents, rows, datasets)
        yield from notes(documents, rows, datasets)
    yield from halos(EVEN, 20, 3, datasets)
    for documents, rows in ((12, 5), (60, 1)):
        yield from ceilings(CLOSE, documents, rows, datasets)


def figures(tallies: Sequence[Tally], datasets: int) -> list[Figure]:
    """By kind: the share held at each size (the mean over its cells), and how single cells scatter around it."""
    found = []
    for kind in dict.fromkeys(tally.kind for tally in tallies):
        own = [tally for tally in tallies if tally.kind == kind]
        means = np.array([np.nanmean(tally.shares) for tally in own])
        cells = np.concatenate([tally.shares for tally in own])
        cells = cells[~np.isnan(cells)]
        inside = float(np.mean((cells >= LOW) & (cells <= HIGH)))
        what = f"95 % intervals that hold the truth: {kind} ({len(own)} sizes, {datasets:,} data sets each)"
        scatter = f"single cells {cells.min():.1%} to {cells.max():.1%}, {inside:.0%} of {len(cells)} within 93-97 %"
        value = f"{means.min():.1%} to {means.max():.1%}; {scatter}"
        found.append(Figure(what, value, "93 to 97 % at every size", bool(means.min() >= LOW and means.max() <= HIGH)))
    return found


def alarm_figures(found: Sequence[Alarms], datasets: int) -> list[Figure]:
    raw, family, not_worse = (
        np.stack([getattr(each, key) for each in found]) for key in ("raw", "family", "not_worse")
    )
    sets = f"({len(found)} sizes, 3 metrics, {datasets:,} sets each)"
    return [
        Figure(
            f"paired test of two equally good judges: false alarms at 5 % {sets}",
            f"{raw.mean():.1%}; {raw.min():.1%} to {raw.max():.1%}",
            "5 +- 1.5 %",
            bool(abs(raw - 0.05).max() <= 0.015),
        ),
        Figure(
            f'any criterion called "better" or "worse" of equally good judges {sets}',
            f"{family.mean():.1%}; at most {family.max():.1%}",
            "at most 6.5 %",
            bool(family.max() <= 0.065),
        ),
        Figure(
            f'"not worse" of a judge that is worse by the margin, at 2.5 % {sets}',
            f"{not_worse.mean():.1%}; {not_worse.min():.1%} to {not_worse.max():.1%}",
            "at most 4 %",
            bool(not_worse.max() <= 0.04),
        ),
    ]


def main() -> int:
    os.nice(10)
    datasets = int(sys.argv[1]) if len(sys.argv) > 1 else DATASETS
    print(f"{datasets:,} data sets each: standard error of a share {100 * (0.95 * 0.05 / datasets) ** 0.5:.2f} points")
    tallies = []
    for tally in every_tally(datasets):
        tally.show()
        tallies.append(tally)
    tested = []
    for population, documents, rows in ((EVEN, 60, 1), (EVEN, 12, 5), (RARE, 30, 5), (CLOSE, 9, 16)):
        tested.append(alarms(population, documents, rows, datasets))
        print(tested[-1], flush=True)
    found = [*figures(tallies, datasets), *alarm_figures(tested, datasets)]
    return keep("coverage", "reliability", 7, COMMAND, found)


if __name__ == "__main__":
    raise SystemExit(main())
