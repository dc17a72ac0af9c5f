"""What any race could save on the racing gate's simulated judges: bounds, and the race's own figures without chance.

    python -m tests.benchmarks.racing_limit

A paired difference of a set metric on a part t of the rows behaves like a Brownian motion (`metrics.sequential`) with a
drift of difference / standard error; the standard error is measured on the judges of `racing_gate`. Then two theorems:

- Whatever stops early and keeps a judge that is worse by .02 no more often than the full gate does keeps every better
  one less often, and every one that is worse by more than .02 more often: the full gate is the most powerful test of
  its rows (Neyman and Pearson; Karlin and Rubin 1956). So its regret is higher, be it by little.
- A test that decides between "no better" and "better by .1" with the full gate's chances of error needs in the mean at
  least `least_rows` (Wald's inequality, 1945).

Nothing is timed and nothing is a target: these figures say where the targets of `racing_gate` end.
"""

import sys

import numpy as np
from scipy.special import ndtr, ndtri

from metrics.estimates import pooled_difference
from metrics.metric import METRICS
from metrics.scores import Values
from metrics.sequential import REACH, STEPS, bounds
from programs.optimizer.race import SHARES
from tests.benchmarks.racing_gate import DIFFERENCES, SIZES, THRESHOLD, judges

TRIALS = 400
ALPHA = 1 - THRESHOLD
LOOKS = (*SHARES, 1.0)


def main() -> int:
    print(
        "| rows | calls at .1, any race with the full gate's errors | this race | at 0 | worse by .02 kept | regret |"
    )
    print("|---|---|---|---|---|---|")
    for rows in SIZES:
        error = standard_error(rows)
        kept = {each: (raced(each / error)[0], full(each / error)) for each in DIFFERENCES}
        lost = [regret({each: pair[place] for each, pair in kept.items()}) for place in (0, 1)]
        print(
            f"| {rows} | at least {least_rows(0.1 / error):.0%} | {raced(0.1 / error)[1]:.0%} | {raced(0.0)[1]:.0%} | "
            f"{kept[-0.02][0]:.3f}, full {kept[-0.02][1]:.3f} | {lost[0]:.4f}, full {lost[1]:.4f} |"
        )
    return 0


def standard_error(rows: int) -> float:
    """Of the difference of the mean Spearman on so many rows, for two equally good judges."""
    metric = [METRICS["spearman"]]
    drawn = (judges(rows, 0.0, np.random.default_rng([rows, trial])) for trial in range(TRIALS))
    return float(np.std([pooled_difference(*pair, metric).point[0, -1] for pair in drawn]))


def full(drift: float) -> float:
    """The chance that one look at all rows keeps the rewrite."""
    return float(ndtr(drift - ndtri(THRESHOLD)))


def least_rows(drift: float) -> float:
    """The least mean share of the rows, by any sequential test whose errors at 0 and at `drift` are the full gate's:
    the log likelihood ratio grows by drift^2 / 2 a unit of time, and must reach the errors' divergence."""
    missed = 1 - full(drift)
    needed = (1 - missed) * np.log((1 - missed) / ALPHA) + missed * np.log(missed / (1 - ALPHA))
    return float(needed / (drift**2 / 2))


def raced(drift: float) -> tuple[float, float]:
    """The race's chance to keep the rewrite and its mean share of the rows: the score followed from look to look."""
    scores = np.linspace(-REACH, REACH, STEPS)
    held = (abs(scores) < 1e-9).astype(np.float64)
    kept = looked = before = 0.0
    for share, limit in zip(LOOKS, bounds(LOOKS, ALPHA), strict=True):
        step = share - before
        held = held @ _moved(scores, step, drift)
        low, high = (ndtri(each) * np.sqrt(share) for each in (limit.low, limit.high))
        above, below = _beyond(scores, held, high), held.sum() - _beyond(scores, held, low)
        kept += above
        looked += share * (above + below)
        held, before = _between(scores, held, low, high), share
    return kept, looked


def _moved(scores: Values, step: float, drift: float) -> Values:
    """(from, to) chances."""
    bell = np.exp(-((scores[None] - scores[:, None] - drift * step) ** 2) / (2 * step))
    chances: Values = bell / bell.sum(axis=1, keepdims=True).clip(1e-300)
    return chances


def _beyond(scores: Values, held: Values, bound: float) -> float:
    """The chance of a score above the bound; a point of the grid stands for all scores half a step around it."""
    return float(held @ _share_above(scores, bound))


def _between(scores: Values, held: Values, low: float, high: float) -> Values:
    inside: Values = held * (_share_above(scores, low) - _share_above(scores, high))
    return inside


def _share_above(scores: Values, bound: float) -> Values:
    share: Values = np.clip((scores - bound) / (scores[1] - scores[0]) + 0.5, 0, 1)
    return share


def regret(kept: dict[float, float]) -> float:
    """The mean over the differences of what the decisions lose."""
    lost = [abs(each) * ((1 - chance) if each > 0 else chance) for each, chance in kept.items()]
    return sum(lost) / len(lost)


if __name__ == "__main__":
    sys.exit(main())
