"""Degenerate judges that a gate must refuse whatever the metric says.

Dropping an undefined criterion from a mean, or unscored rows from a metric, can raise it; and always answering the
commonest level has a good mean absolute error. So a criterion on which the judge stops judging fails by itself.
"""

import numpy as np

from metrics.levels import nearest_levels
from metrics.scores import Scores, Values, both_scored

COVERAGE_LOSS = 0.02
"""Share of the rows that may become unscored."""

USED_SHARE = 0.25
"""The judge must leave its commonest level on at least this share of the rows where it could be expected to.

Expected is the smaller of two shares: how often humans leave theirs, and how often the judge before left its own. The
smaller, because a rewrite may rightly calm a judge that strayed more than humans do, and need not repair one that
always strayed less. A quarter of it, because a judge that finds only every other rare case still ranks, while the
threshold stays out of reach of one that gave up: with humans off the commonest level in 12 % of the rows (anger in
BRIGHTER), under 3 % fails, so 99 % zeros fail with two rows in a hundred to spare.

A level is what a score is rounded to, except by ranks, which see the scores as they are: expectations that all lie
below 0.5 rank as well as others, and a calibration lifts them to the humans' levels.
"""


def collapsed(before: Scores, after: Scores, criterion_index: int, by_ranks: bool = False) -> str | None:
    """Why this criterion fails every gate, or `None`; `by_ranks` where that of the gate is a metric of ranks.

    "became constant": the judge gave several scores before and gives one now. "became undefined": it ranked rows
    before, and on the rows that both scored nothing can be compared. "lost coverage": more than 2 % of all rows were
    scored before, net, and are not now. "stopped using its scale": see `USED_SHARE`. A judge that was constant already
    does not become so. Raises `ValueError` for judges of different rows.
    """
    shared_before, shared_after = both_scored(before, after)
    scored = shared_after.scored[:, criterion_index]
    human = after.human[scored, criterion_index]
    was, now = (scores.judge[scored, criterion_index] for scores in (shared_before, shared_after))
    if varies(before, criterion_index) and not (_several(was) and _several(now) and _several(human)):
        return "became constant" if len(now) > 1 and not _several(now) else "became undefined"
    lost = int(before.scored[:, criterion_index].sum()) - int(after.scored[:, criterion_index].sum())
    if lost > COVERAGE_LOSS * len(before):
        return "lost coverage"
    read = np.asarray if by_ranks else nearest_levels
    if off_commonest(read(now)) < USED_SHARE * min(off_commonest(read(was)), off_commonest(read(human))):
        return "stopped using its scale"
    return None


def varies(scores: Scores, column: int) -> bool:
    """Whether both sides give more than one score on the scored rows, so that there is a ranking to agree on."""
    scored = scores.scored[:, column]
    return _several(scores.judge[scored, column]) and _several(scores.human[scored, column])


def off_commonest(values: Values) -> float:
    """Share of the rows that do not have the commonest value; 0 for no rows."""
    if not len(values):
        return 0.0
    _, counts = np.unique(values, return_counts=True)
    return 1.0 - float(counts.max()) / len(values)


def _several(values: Values) -> bool:
    return len(values) > 1 and bool(np.any(values != values[0]))
