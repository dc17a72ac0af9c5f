"""What an agreement number does not say by itself: the key `scrutiny` of summaries."""

from collections.abc import Sequence
from typing import Any

from metrics.constants import against_constants
from metrics.halo import halo
from metrics.scores import Scores, Values
from metrics.summary import RESAMPLES
from metrics.systems import system_agreement
from metrics.ties import Ties, calibrated, choose_ties

SAME_ROWS = "the same rows"
"""On what a choice was made that had no other rows: with hindsight, which flatters it."""

OTHER_ROWS = "other rows"


def scrutinize(
    scores: Scores,
    metrics: Sequence[str],
    others: Values | None = None,
    ties: Ties | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """One judge's scores looked at critically, JSON-ready.

    `constants`: `{"chosen_on", "metrics"}`, the judge against constants by these metrics (`metrics.constants`), chosen
    on the ratings `others` (m, K) where there are any. `halo` (`metrics.halo`; None with one criterion). `systems`
    (`metrics.systems`; None where they are not known). `ties` (`metrics.ties`): pairwise accuracy with the given
    epsilon, or for scores that are not whole with one chosen on the same rows; None for whole scores.
    """
    others = None if others is None or not len(others) else others
    options = {"seed": seed, "resamples": resamples}
    ties = ties or choose_ties(scores, SAME_ROWS)
    return {
        "constants": {
            "chosen_on": SAME_ROWS if others is None else OTHER_ROWS,
            "metrics": against_constants(scores, metrics, others, **options),
        },
        "halo": halo(scores, **options),
        "systems": system_agreement(scores, **options),
        "ties": None if ties is None else calibrated(scores, ties, **options),
    }
