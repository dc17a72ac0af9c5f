"""What a confirmation says: arms, and contrasts with the uncertainty of the rows and that of the seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy

from metrics.estimates import pooled_difference
from metrics.metric import METRICS
from metrics.multiplicity import standard_errors
from metrics.noninferiority import Comparison, compare, judge_all
from metrics.over_runs import difference_over_runs, mean_estimate, values_over_runs
from metrics.scores import Scores
from metrics.summary import RESAMPLES, Cell

METRIC, ERROR = METRICS["spearman"], METRICS["mae"]


def arm_record(runs: Sequence[Scores], seed: int) -> dict[str, Any]:
    """An arm's agreement: means over the seeds (`cells`), each seed's own, the spread over seeds, and coverage."""
    found = values_over_runs(runs, [METRIC, ERROR], seed=seed)
    return {
        "cells": found.cells,
        "by_seed": [each[METRIC.name]["mean"] for each in found.by_run],
        "spread": found.spread(METRIC.name),
        "scored": [int(scores.scored.sum()) for scores in runs],
        "scores": [int(scores.scored.size) for scores in runs],
    }


def contrasts(
    scores: Mapping[str, Sequence[Scores]], pairs: Sequence[tuple[str, str]], margin: float, seed: int
) -> list[dict[str, Any]]:
    """One a pair (arm, rival), the primary one first: it stands by itself, and Holm's family are the others.

    Of each: `seeds`, by criterion and "mean" what `metrics.noninferiority` says, and the difference in absolute
    `error`, which no verdict goes by. A loss of less than the margin is tested first and a difference then, without a
    correction: the second is only asked after the first.
    """
    changes = [_change(scores[arm], scores[rival], margin, seed) for arm, rival in pairs]
    cells = [found for found, _ in changes]
    judged = [*judge_all(cells[:1], METRIC, margin), *judge_all(cells[1:], METRIC, margin)]
    return [
        {
            "arm": arm,
            "rival": rival,
            "seeds": seeds,
            "cells": found,
            "error": _error(scores[arm], scores[rival], seed),
            "words": verdict_words(found["mean"], margin),
        }
        for (arm, rival), found, (_, seeds) in zip(pairs, judged, changes, strict=True)
    ]


def verdict_words(found: Comparison, margin: float) -> str:
    """The verdict as people read it."""
    verdict, smallest = str(found["verdict"]), found["detectable"]
    if verdict == "not worse":
        return f"not worse by more than {margin:g}"
    if verdict == "not distinguishable" and smallest is not None:
        return f"not distinguishable, smallest detectable difference {smallest:.3f}"
    return verdict


def _change(
    arm: Sequence[Scores], rival: Sequence[Scores], margin: float, seed: int
) -> tuple[dict[str, Comparison], dict[str, Any]]:
    """Arm minus rival, paired by row within each seed and averaged over the seeds."""
    parts = [pooled_difference(theirs, own, [METRIC], seed) for theirs, own in zip(rival, arm, strict=True)]
    change = mean_estimate(parts, arm, [False])
    found = compare(change, METRIC, arm[0].names, margin, seed=seed)
    by_rows = float(standard_errors(change, seed=seed, resamples=RESAMPLES)[0, -1])
    points = [float(part.point[0, -1]) for part in parts]
    return found, _over_seeds(points, by_rows, int(change.support[0, -1]))


def _error(arm: Sequence[Scores], rival: Sequence[Scores], seed: int) -> Cell:
    """Arm minus rival in mean absolute error, the mean over the criteria."""
    found = difference_over_runs(list(zip(rival, arm, strict=True)), [ERROR], seed=seed)
    return found.cells[ERROR.name]["mean"]


def _over_seeds(points: Sequence[float], by_rows: float, clusters: int) -> dict[str, Any]:
    """Each seed's difference, their standard deviation, and an interval for other rows *and* other seeds.

    The errors of rows and of seeds are added in squares, and Student's t has Satterthwaite's degrees of freedom. With
    two or three seeds it is wide, as it should be. None where one is not known.
    """
    known = [None if np.isnan(point) else point for point in points]
    record: dict[str, Any] = {"differences": known, "spread": None, "low": None, "high": None}
    if len(points) < 2 or None in known:
        return record
    spread = float(np.std(points, ddof=1))
    parts = np.array([by_rows**2, spread**2 / len(points)])
    record["spread"] = spread
    if np.isnan(by_rows) or not parts.sum():
        return record
    freedom = parts.sum() ** 2 / (parts**2 / np.array([max(clusters - 1, 1), len(points) - 1])).sum()
    half = float(scipy.stats.t.ppf(0.975, freedom) * np.sqrt(parts.sum()))
    return {**record, "low": float(np.mean(points)) - half, "high": float(np.mean(points)) + half}
