"""Which curve to calibrate with: `python -m tests.benchmarks.calibration_curves`.

A lenient judge in four made-up worlds, read by expectations or digits, is calibrated on n rated rows and compared with
raters on 1,000 others: mean absolute error, Spearman, and in how many of the draws the calibrated judge is constant.
"""

from collections.abc import Callable
from statistics import fmean

import numpy as np

from metrics.metric import mae, spearman
from metrics.score_calibration import cutpoints, isotonic
from metrics.scores import Values
from signatures.records import Criterion

SCALE = Criterion("quality", 1, 5)
DRAWS, FRESH = 40, 1000
Fit = Callable[[Values, Values], Callable[[Values], Values]]


def world(random: np.random.Generator, count: int, kind: str) -> tuple[Values, Values]:
    """Expectations and ratings of so many rows; `rare` ratings are mostly the lowest, a `weak` judge sees little."""
    truth = random.normal(size=count)
    human = {
        "plain": 3 + truth,
        "skewed": 1 + 4 / (1 + np.exp(-(1.5 * truth + 2))),
        "rare": 1 + np.clip(np.floor(2 * np.maximum(truth - 0.5, 0)), 0, 4),
        "weak": 3 + truth,
    }[kind]
    human = np.clip(np.round(3 * (human + random.normal(size=count) * 0.4)) / 3, 1, 5)
    seen = truth + random.normal(size=count) * (2.5 if kind == "weak" else 1)
    return np.clip(3.6 + 0.8 * np.tanh(seen) + 0.2 * seen, 1, 5).round(6), human


def steps(raw: Values, human: Values) -> Callable[[Values], Values]:
    """scikit-learn's own curve, flat within its blocks."""
    from sklearn.isotonic import IsotonicRegression

    predict: Callable[[Values], Values] = IsotonicRegression(out_of_bounds="clip").fit(raw, human).predict
    return predict


def ours(fit: Callable) -> Fit:
    """A map of this project over arrays; what is left uncalibrated stays as it is."""

    def fitted(raw: Values, human: Values) -> Callable[[Values], Values]:
        found = fit(raw, human, SCALE)
        return lambda scores: scores if isinstance(found, str) else np.array([found(each) for each in scores.tolist()])

    return fitted


FITS: dict[str, Fit] = {
    "raw": lambda raw, human: lambda scores: scores,
    "steps": steps,
    "isotonic": ours(isotonic),
    "cutpoints": ours(cutpoints),
}


def cell(fit: Fit, kind: str, digits: bool, count: int) -> tuple[float, float, int]:
    """Mean absolute error and Spearman over the draws, and how many judges came to be constant."""
    found = []
    for seed in range(DRAWS):
        random = np.random.default_rng(seed)
        (raw, human), (fresh, truth) = world(random, count, kind), world(random, FRESH, kind)
        after = fit(raw.round() if digits else raw, human)(fresh.round() if digits else fresh)
        found.append((mae(after, truth), spearman(after, truth)))
    defined = [rank for _, rank in found if rank is not None]
    return fmean(error for error, _ in found if error is not None), fmean(defined), len(found) - len(defined)


def main() -> None:
    """Prints a Markdown table."""
    print("| world | read by | rows | " + " | ".join(FITS) + " |\n" + "|---" * (3 + len(FITS)) + "|")
    for kind in ("plain", "skewed", "rare", "weak"):
        for digits in (False, True):
            for count in (10, 20, 40, 100):
                cells = (cell(fit, kind, digits, count) for fit in FITS.values())
                shown = (f"{error:.3f}, {rank:.3f}{f' ({lost})' if lost else ''}" for error, rank, lost in cells)
                print(
                    f"| {kind} | {'digits' if digits else 'expectation'} | {count} | {' | '.join(shown)} |", flush=True
                )


if __name__ == "__main__":
    main()
