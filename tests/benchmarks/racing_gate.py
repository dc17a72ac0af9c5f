"""What the racing gate costs and decides, beside the full gate, on simulated judges of planted agreement.

    python -m tests.benchmarks.racing_gate [TRIALS]

Judge and rewrite score 1 to 5 on four criteria; both agree with the raters by a set Spearman, the rewrite by so much
more or less, and their errors correlate by .7, as those of successive judges do in docs/studies/brighter (median .72).
Both gates see the same rows. Regret is the true agreement lost by the decision: what a refused rewrite would have
gained, or a kept one has cost, in the mean over the differences. It is a simulation, and its judges are no LMs. Exits
with 1 where a target does not hold; `~` is a Monte Carlo standard error.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import dspy
import numpy as np

from metrics.metric import spearman
from metrics.scores import Scores, Values
from programs.optimizer.gate import Accept, accepting
from programs.optimizer.race import race
from signatures.records import Criterion
from tests.measured import Figure, keep

SIZES = (60, 100, 200)
DIFFERENCES = (-0.1, -0.05, -0.02, 0.0, 0.02, 0.05, 0.1)
BEFORE = 0.35
"""The Spearman of the judge before, about that of real joint judges."""

ERRORS_ALIKE = 0.7
THRESHOLD = 0.8
CRITERIA = tuple(Criterion(name, 1, 5) for name in ("a", "b", "c", "d"))
GROUP = tuple(each.name for each in CRITERIA)
CUTS = (-1.2, -0.4, 0.4, 1.2)
LARGE = 100_000
"""Rows from which the true agreement is known to .003."""


@dataclass(frozen=True)
class Decided:
    """Of one pair of judges on the same rows: which gate kept the rewrite, and the share of rows that the race took."""

    full: bool
    raced: bool
    share: float


def main(trials: str = "600") -> int:
    figures: list[Figure] = []
    for rows in SIZES:
        found = {each: decisions(rows, each, int(trials)) for each in DIFFERENCES}
        figures += figures_of(rows, found)
    return keep("racing-gate", "speed", 3, "python -m tests.benchmarks.racing_gate", figures)


def figures_of(rows: int, found: dict[float, list[Decided]]) -> list[Figure]:
    """The targets, at one size of the gate."""
    nothing, clear, worse = (mean_of([each.share for each in found[delta]]) for delta in (0.0, 0.1, -0.02))
    more = mean_of([each.raced - each.full for each in found[-0.02]])
    kept = mean_of([float(each.full) for each in found[-0.02]])
    lost = regrets(found, "raced")
    before = regrets(found, "full")
    extra = mean_of([one - other for one, other in zip(lost, before, strict=True)])
    at = f"{rows} validation rows"
    return [
        Figure(
            f"{at}: judge calls of the race where nothing changed", share(nothing), "at most 80 %", nothing[0] <= 0.8
        ),
        Figure(f"{at}: where the rewrite is better by .1", share(clear), "at most 50 %", clear[0] <= 0.5),
        Figure(
            f"{at}: rewrites worse by .02 that are kept, beside the full gate's {kept[0]:.3f}",
            f"{more[0]:+.3f} ~ {more[1]:.3f} (calls: {100 * worse[0]:.0f} %)",
            "not above",
            more[0] <= 2 * more[1],
        ),
        Figure(
            f"{at}: regret in Spearman, beside the full gate's {mean_of(before)[0]:.4f}",
            f"{extra[0]:+.4f} ~ {extra[1]:.4f}",
            "not above",
            extra[0] <= 2 * extra[1],
        ),
    ]


def regrets(found: dict[float, list[Decided]], gate: str) -> list[float]:
    """The mean regret over the differences, one a trial."""
    lost = [
        [abs(delta) * (getattr(one, gate) != (delta > 0)) for one in found[delta]] for delta in DIFFERENCES if delta
    ]
    return [sum(each) / len(DIFFERENCES) for each in zip(*lost, strict=True)]


def decisions(rows: int, difference: float, trials: int) -> list[Decided]:
    """Both gates on pairs of judges of which the second is better by `difference`."""
    return [
        decided(*judges(rows, difference, np.random.default_rng([rows, round(1000 * difference) + 1000, trial])))
        for trial in range(trials)
    ]


def decided(before: Scores, after: Scores) -> Decided:
    def probable(over: float) -> Accept:
        return accepting("spearman", "probable", over)

    looks = race(probable, THRESHOLD, unrelated(len(before)))
    full = probable(THRESHOLD)(before, after, GROUP)
    for look in looks:
        chosen = range(look.rows)
        verdict = look.verdict(before.rows(chosen), after.rows(chosen), GROUP)
        if verdict is not None:
            return Decided(full.kept, verdict.kept, look.rows / len(before))
    raise AssertionError("the last look decides")


def unrelated(rows: int) -> list[dspy.Example]:
    """Rows without documents."""
    return [dspy.Example(row_id=str(place)) for place in range(rows)]


def judges(rows: int, difference: float, random: np.random.Generator) -> tuple[Scores, Scores]:
    """The scores of the judge before and after, beside the ratings, (rows, K) each."""
    human, first, second = latent(rows, len(CRITERIA), difference, random)
    return Scores(CRITERIA, human, first), Scores(CRITERIA, human, second)


def latent(rows: int, columns: int, difference: float, random: np.random.Generator) -> tuple[Values, Values, Values]:
    """Ratings and two judges' scores: each judge's opinion is the raters' and an error, in part the same for both."""
    truth, common, one, other = random.standard_normal((4, rows, columns))
    alike, apart = np.sqrt(ERRORS_ALIKE), np.sqrt(1 - ERRORS_ALIKE)
    opinions = [
        weight * truth + np.sqrt(1 - weight**2) * (alike * common + apart * own)
        for weight, own in ((weight_of(BEFORE), one), (weight_of(round(BEFORE + difference, 6)), other))
    ]
    return levels(truth), levels(opinions[0]), levels(opinions[1])


@cache
def weight_of(agreement: float) -> float:
    """How much of the raters' opinion a judge must have for that Spearman of whole scores."""
    truth, error = np.random.default_rng(0).standard_normal((2, LARGE))
    weights = np.linspace(0.1, 0.8, 15)
    reached = [spearman(levels(each * truth + np.sqrt(1 - each**2) * error), levels(truth)) or 0.0 for each in weights]
    return float(np.interp(agreement, reached, weights))


def levels(opinions: Values) -> Values:
    return 1.0 + np.searchsorted(CUTS, opinions)


def mean_of(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard error."""
    array = np.asarray(values, dtype=float)
    return float(array.mean()), float(array.std() / np.sqrt(len(array)))


def share(found: tuple[float, float]) -> str:
    return f"{100 * found[0]:.0f} % ~ {100 * found[1]:.0f} %"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
