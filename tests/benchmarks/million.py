"""All that evaluate.py says of a judge's agreement, with intervals, on a million judgements.

    python -m tests.benchmarks.million [ROWS]

ROWS (250,000) of four criteria, ten a document, written by 16 systems, the mean ratings of three raters, and a judge
that leaves one score in a hundred out. Whole scores, and as many expectations, of which nearly every one is another
number. Also a few rows of these, just not enough to be resampled in bins (`metrics.binned`).
Numbers only: no LM and no texts. Seconds are the processor's in one thread, since others may use the machine.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when NumPy is imported

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from metrics.binned import MOST_ROWS
from metrics.ceiling import ceiling
from metrics.scores import Scores
from metrics.scrutiny import scrutinize
from metrics.summary import summarize
from signatures.records import Criterion
from tests.measured import Figure, keep

NAMES = ("fluency", "relevance", "coherence", "consistency")
TARGET = 10


def main(rows: str = "250000") -> int:
    figures = []
    for kind, count in (("whole scores", int(rows)), ("expectations", int(rows)), ("expectations", MOST_ROWS)):
        scores = drawn(count, expected=kind == "expectations")
        parts = {
            "agreement": timed(partial(summarize, scores)),
            "constants, halo, systems and ties": timed(partial(scrutinize, scores, ["mae"])),
            "ceiling of three raters": timed(partial(ceiling, {"judge": scores})),
        }
        wall, own = (sum(each[place] for each in parts.values()) for place in (0, 1))
        told = "; ".join(f"{part} {seconds:.1f} s" for part, (_, seconds) in parts.items())
        what = f"metrics with intervals, {kind}, {scores.judge.size:,} judgements of {count // 10:,} documents"
        print(f"{what}: {wall:.1f} s by the clock")
        figures += [
            Figure(
                f"{what}: agreement",
                f"{parts['agreement'][1]:.1f} s",
                f"under {TARGET} s",
                parts["agreement"][1] < TARGET,
            ),
            Figure(
                "with all that evaluate.py prints beside it", f"{own:.1f} s ({told})", f"under {TARGET} s", own < TARGET
            ),
        ]
    return keep("million", "speed", 7, "python -m tests.benchmarks.million", figures)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    wall, own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - own


def drawn(rows: int, *, expected: bool, seed: int = 0) -> Scores:
    """Ratings that share something within a document and a system, and a judge that follows them."""
    draw = np.random.default_rng(seed)
    shape, documents = (rows, len(NAMES)), max(rows // 10, 1)
    document, system = draw.integers(documents, size=rows), draw.integers(16, size=rows)
    quality = 3.4 + draw.normal(size=shape) * 0.7
    quality += draw.normal(size=(documents, len(NAMES)))[document] * 0.5 + draw.normal(size=(16, 1))[system] * 0.4
    raters = np.clip(np.round(quality[:, :, None] + draw.normal(size=(*shape, 3)) * 0.6), 1, 5)
    judge = np.clip(quality * 0.8 + draw.normal(size=shape), 1, 5)
    judge = judge if expected else np.round(judge)
    judge[draw.random(shape) < 0.01] = np.nan
    criteria = tuple(Criterion(name, 1, 5) for name in NAMES)
    return Scores(criteria, raters.mean(axis=2), judge, document, system, raters)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
