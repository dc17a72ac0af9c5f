"""Values and differences over runs as a study's tables want them. Judges that scored alike, of several arms or before
and after a rejected rewrite, are resampled once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from metrics.metric import METRICS
from metrics.over_runs import OverRuns, Pair, difference_over_runs, values_over_runs
from metrics.scores import Scores

SHOWN = ("spearman", "mae")
"""The metrics of a study's main tables; tables.csv has all of every cell."""

_METRICS = [METRICS[name] for name in SHOWN]


@dataclass(frozen=True)
class _Alike:
    """Scores that equal others of the same contents."""

    contents: bytes
    scores: Scores = field(compare=False)


def values(runs: Sequence[Scores]) -> OverRuns:
    """Each of `SHOWN`, averaged over the runs (see `values_over_runs`)."""
    return _values(tuple(map(_alike, runs)))


def difference(pairs: Sequence[Pair]) -> OverRuns:
    """Each of `SHOWN`, after minus before, averaged over the runs (see `difference_over_runs`)."""
    return _difference(tuple((_alike(before), _alike(after)) for before, after in pairs))


@lru_cache(maxsize=256)
def _values(runs: tuple[_Alike, ...]) -> OverRuns:
    return values_over_runs([run.scores for run in runs], _METRICS)


@lru_cache(maxsize=256)
def _difference(pairs: tuple[tuple[_Alike, _Alike], ...]) -> OverRuns:
    return difference_over_runs([(before.scores, after.scores) for before, after in pairs], _METRICS)


def _alike(scores: Scores) -> _Alike:
    digest = blake2b(digest_size=16)
    for one in fields(scores):
        digest.update(_bytes(getattr(scores, one.name)))
    return _Alike(digest.digest(), scores)


def _bytes(held: object) -> bytes:
    if isinstance(held, np.ndarray):
        return f"{held.dtype}{held.shape}".encode() + held.tobytes()
    return repr(held).encode()
