"""Figures that pages state and only a simulation knows: what intervals hold where few documents differ from the others,
advise.py's interval of the rows needed, check.py's false alarms, the reliability behind the noise ceiling. By hand:

    python -m tests.reliability.stated [DATASETS]
"""

import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from scipy.special import ndtr
from scipy.stats import norm

from metrics.drift import Scorings, randomization
from metrics.estimates import MOST_CLUSTERS, Estimate, pooled, pooled_difference
from metrics.intervals import _by_jackknife, leave_one_out, value_scale
from metrics.metric import METRICS
from metrics.multiplicity import holm
from metrics.reliability import Panel
from metrics.sample_size import variances
from metrics.scores import Codes, Values
from tests.measured import Figure, keep
from tests.reliability.planted import EVEN, FIFTHS, RARE, Population

COMMAND = "python -m tests.reliability.stated"
DATASETS = 1_000

PILOTS = ((12, 5), (30, 2), (60, 1), (150, 1))
"""Documents and rows a document."""

ALPHAS = (0.01, 0.05)
DEALS = 8_000
"""As many as `check.py` draws for two criteria at 1 %."""

ROWS_OF_TRUTH, DOCUMENTS_OF_TRUTH = 200_000, 40_000

RARE_METRICS = ("spearman", "krippendorff", "qwk")
BINS = {
    "2": (2, 2),
    "3 to 5": (3, 5),
    "6 to 8": (6, 8),
    "9 to 12": (9, 12),
    "13 to 24": (13, 24),
    "25 and more": (25, 1_000),
}
"""Of documents off the commonest level."""


def change(population: Population, documents: int, rows: int, metric: str, seed: Sequence[int]) -> Estimate:
    before, after = population.draw(np.random.default_rng(seed), _sizes(documents, rows), (0.0, 0.1))
    return pooled_difference(before, after, [METRICS[metric]])


def _sizes(documents: int, rows: int) -> Codes:
    return np.full(documents, rows, dtype=np.intp)


@lru_cache
def true_variance(population: Population, rows: int, metric: str) -> float:
    """Of one document's part in the mean over criteria."""
    found = variances(change(population, DOCUMENTS_OF_TRUTH, rows, metric, (rows, 0)))[-1]
    assert found is not None
    return found.value * max(1, DOCUMENTS_OF_TRUTH / MOST_CLUSTERS)  # so many documents are merged to a cluster


def pilots(documents: int, rows: int, population: Population, metric: str, datasets: int) -> tuple[float, float]:
    """How often the interval of a pilot's variance, and so of the rows needed, held the true one; how often it lay
    below, and so asked for too few."""
    true, held, below = true_variance(population, rows, metric), 0, 0
    for number in range(datasets):
        found = variances(change(population, documents, rows, metric, (number, documents, rows)), seed=number)[-1]
        if found is not None:
            low, high = found.interval
            held += low <= true <= high
            below += high < true
    return held / datasets, below / datasets


def checks(datasets: int, rows: int = 60) -> Values:
    """(alphas,) the share of checks of an unchanged judge that alarm: three scorings then, one now, two criteria."""
    alarms = np.zeros(len(ALPHAS))
    for number in range(datasets):
        random = np.random.default_rng([number, rows])
        (drawn,) = EVEN.draw(random, _sizes(rows, 1))
        noise = random.random((4, rows, 2)) < 0.2  # a fifth of the scores is one level off, up or down
        scored = np.clip(drawn.judge + noise * random.choice([-1, 1], noise.shape), 0, 4)
        ps = randomization(Scorings(EVEN.criteria, scored[:3], scored[3:]), draws=DEALS, seed=number).ravel()
        adjusted = [p for p in holm([None if np.isnan(p) else float(p) for p in ps]) if p is not None]
        alarms += [min(adjusted) <= alpha for alpha in ALPHAS]
    found: Values = alarms / datasets
    return found


def stepped_up(cuts: Sequence[float], raters: int, noise: float) -> float:
    """What the ceiling says of a perfect judge, minus what one that knows every text's true mean reaches, whether it
    says it in hundredths or as a whole level: where ratings tie, a judge that ties reaches more."""
    random = np.random.default_rng([raters, int(100 * noise)])
    quality = random.normal(size=ROWS_OF_TRUTH)
    latent = (quality[:, None] + noise**0.5 * random.normal(size=(ROWS_OF_TRUTH, raters))) / (1 + noise) ** 0.5
    scores = np.searchsorted(cuts, latent).astype(np.float64)
    panel = Panel(scores, np.zeros(ROWS_OF_TRUTH, dtype=np.intp), 1)
    said = float(np.sqrt(panel.split_half(np.ones((1, 1)))[0]))
    above = [ndtr((quality - cut * (1 + noise) ** 0.5) / noise**0.5) for cut in cuts]  # a rating's chance to be higher
    true_mean, ratings = np.sum(above, axis=0), scores.mean(axis=1).round(9)
    reached = max(METRICS["spearman"](judge, ratings) or 0.0 for judge in (true_mean.round(2), true_mean.round()))
    return said - reached


def rare(datasets: int) -> Values:
    """(n, 3): metric, how many documents are off the commonest level (see `ClusterTables.informing`), and whether the
    jackknife's interval, with as many degrees of freedom, held the truth; also where the program gives none."""
    chosen, found = [METRICS[name] for name in RARE_METRICS], []
    for share in (0.03, 0.06, 0.12, 0.25):
        population = Population("rare", tuple(norm.ppf(1 - share * np.array([1, 0.5, 0.2]))), (0.4, 0.75))
        true = pooled(population.draw(np.random.default_rng(0), _sizes(5 * ROWS_OF_TRUTH, 1))[0], chosen).point
        for documents in (30, 60, 150):
            for number in range(datasets // 4):
                (drawn,) = population.draw(np.random.default_rng([number, documents]), _sizes(documents, 1))
                found += _held(pooled(drawn, chosen), true)
    return np.array(found, dtype=np.float64)


def _held(estimate: Estimate, true: Values) -> Iterator[tuple[int, int, bool]]:
    rest, point = np.concatenate([estimate(weights) for weights in leave_one_out(estimate)]), estimate.point
    for row, column in np.ndindex(len(RARE_METRICS), 2):
        support = int(estimate.support[row, column])
        if support > 1 and not np.isnan(rest[:, row, column]).any():
            scale = value_scale(METRICS[RARE_METRICS[row]])
            low, high = _by_jackknife(point[row, column], rest[:, row, column], support, scale)
            yield row, support, bool(low <= true[row, column] <= high)


def rare_figures(datasets: int) -> list[Figure]:
    return [_rare_figure(name, own) for name, own in zip(RARE_METRICS, _by_metric(rare(datasets)), strict=True)]


def _by_metric(found: Values) -> list[Values]:
    return [found[found[:, 0] == row] for row in range(len(RARE_METRICS))]


def _rare_figure(name: str, own: Values) -> Figure:
    """Judged where the program gives an interval, each share within two of its standard errors."""
    fewest = value_scale(METRICS[name]).fewest
    held = {label: own[(own[:, 1] >= low) & (own[:, 1] <= high), 2] for label, (low, high) in BINS.items()}
    told = ", ".join(f"{label}: {each.mean():.1%}" for label, each in held.items() if len(each))
    given = [each for label, each in held.items() if len(each) and BINS[label][0] >= fewest]
    errors = [2 * (0.95 * 0.05 / len(each)) ** 0.5 for each in given]
    return Figure(
        f"95 % intervals of {name} that hold the truth, by how many documents are off the commonest level "
        f"(under {fewest} the program gives none)",
        told,
        f"93 to 97 % (+- 2 standard errors) from {fewest} on",
        all(0.93 - error <= each.mean() <= 0.97 + error for each, error in zip(given, errors, strict=True)),
    )


def pilot_figure(datasets: int) -> Figure:
    found = []
    for documents, rows in PILOTS:
        for population in (EVEN, RARE):
            for metric in ("spearman", "mae"):
                found.append(pilots(documents, rows, population, metric, datasets))
                print(population.name, documents, rows, metric, found[-1], flush=True)
    held, below = np.array(found).T
    return Figure(
        f"advise.py: intervals of the rows needed that hold the truth ({datasets:,} pilots each, 12 to 150 documents)",
        f"{held.min():.1%} to {held.max():.1%}; too few rows asked for in {below.min():.1%} to {below.max():.1%}",
        "85 to 99 %",
        bool(held.min() >= 0.85 and held.max() <= 0.99),
    )


def check_figure(datasets: int) -> Figure:
    shares = checks(datasets)
    spread = [(alpha * (1 - alpha) / datasets) ** 0.5 for alpha in ALPHAS]
    return Figure(
        f"check.py: alarms at an unchanged judge, at 1 % and at 5 % ({datasets:,} checks)",
        f"{shares[0]:.1%} and {shares[1]:.1%}",
        "at most 1 and 5 % (+- 2 standard errors)",
        bool(all(share <= alpha + 2 * error for share, alpha, error in zip(shares, ALPHAS, spread, strict=True))),
    )


def ceiling_figures() -> list[Figure]:
    """Evenly used levels, and rare ones, whose ties are not what the Spearman-Brown formula is about."""
    figures = []
    for words, cuts, most in (("levels used alike", FIFTHS, 0.015), ("three quarters of one level", RARE.cuts, 0.1)):
        apart = [stepped_up(cuts, raters, noise) for raters in (2, 3, 4) for noise in (0.2, 1.0, 3.0)]
        figures.append(
            Figure(
                f"the noise ceiling's perfect judge minus the true one ({len(apart)} kinds of raters, {words})",
                f"{min(apart):+.3f} to {max(apart):+.3f}",
                f"at most {most:g}",
                max(map(abs, apart)) <= most,
            )
        )
    return figures


def main() -> int:
    os.nice(10)
    datasets = int(sys.argv[1]) if len(sys.argv) > 1 else DATASETS
    figures = [*rare_figures(datasets), *ceiling_figures(), pilot_figure(datasets), check_figure(datasets)]
    return keep("stated", "reliability", 7, COMMAND, figures)


if __name__ == "__main__":
    raise SystemExit(main())
