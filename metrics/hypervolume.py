"""Several criteria at once: which steps no other step beats on all of them, and how much they dominate together.

The maximum over noisy vectors is biased upward: a hypervolume that grows with the steps is no evidence of progress.
"""

from collections.abc import Sequence

import moocore
import numpy as np

REFERENCE = {"spearman": -1.0, "off_by_one": 0.0}
"""The paper's reference points, for each criterion: the worst value that the metric can have."""

Vector = Sequence[float | None]


def hypervolume(vectors: Sequence[Vector], reference: float) -> float | None:
    """The volume between the reference point and the vectors (higher is better); None without a whole vector."""
    whole = _whole(vectors)
    if not whole:
        return None
    return float(moocore.hypervolume(np.array(whole), ref=np.full(len(whole[0]), reference), maximise=True))


def non_dominated(vectors: Sequence[Vector]) -> list[bool | None]:
    """Whether no other vector is at least as good on all criteria and better on one; None where one is undefined.

    Of equal vectors only the first counts: steps at which nothing was accepted are no news.
    """
    whole = _whole(vectors)
    if not whole:
        return [None] * len(vectors)
    found = iter(moocore.is_nondominated(np.array(whole), maximise=True, keep_weakly=False).tolist())
    return [next(found) if _is_whole(vector) else None for vector in vectors]


def _whole(vectors: Sequence[Vector]) -> list[list[float]]:
    return [[float(value) for value in vector if value is not None] for vector in vectors if _is_whole(vector)]


def _is_whole(vector: Vector) -> bool:
    return all(value is not None for value in vector)
