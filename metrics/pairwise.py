"""Tie-aware pairwise accuracy: on which share of the pairs of rows do judge and raters agree who is better, or equal?

Deutsch, Foster and Freitag 2023, "Ties Matter: Meta-Evaluating Modern Metrics with Pairwise Accuracy and Tie
Calibration" (arXiv 2305.14324). Kendall's tau drops tied pairs or discounts them; here a tie that the raters give is as
much to be found as an order, so that a judge cannot gain by giving more ties, or fewer, than they do.
"""

import numpy as np

from metrics.ranks import concordance
from metrics.scores import Values
from metrics.tables import Cells

BLOCK = 512
"""Cells that are compared with all others at once."""

MOST_ROWS = 2_000
"""Beyond this many rows a tie threshold is chosen on every second, third ... one: two million pairs are enough."""


def pairwise_accuracy(cells: Cells, counts: Values, epsilon: float = 0.0) -> Values:
    """Their acc_eq, for a batch of tables (B, C) to (B,): pairs in one order on both sides, or tied on both, over all.

    With `epsilon` (scale points) the judge's scores are tied where they differ by no more: a judge with real scores
    hardly ever ties by itself. Undefined with fewer than two rows. A row that is drawn twice is a pair tied on both
    sides, which adds about (1 - accuracy) / n to a resample's value; `metrics.intervals` centres on the value of the
    rows themselves.
    """
    rows = counts.sum(axis=1)
    right = _right(cells, counts) if epsilon == 0 else _right_within(cells, counts, epsilon)
    pairs = rows * (rows - 1) / 2
    return np.divide(right - rows / 2, pairs, out=np.full(len(counts), np.nan), where=pairs > 0)


def best_epsilon(judge: Values, human: Values) -> float:
    """The epsilon with the highest accuracy on these rows (their tie calibration), the smallest of several.

    Looks at 0 and at every difference of two scores, in O(n^2 log n). `judge` and `human` are (n,); NaN is unscored.
    """
    scored = np.flatnonzero(~np.isnan(judge))
    chosen = scored[:: len(scored) // (MOST_ROWS + 1) + 1]
    judge, human = judge[chosen], human[chosen]
    first, second = np.triu_indices(len(judge), 1)
    apart, order = judge[first] - judge[second], np.sign(human[first] - human[second])
    gains = (order == 0).astype(np.float64) - ((order != 0) & (np.sign(apart) == order))  # of calling the pair tied
    differences, place = np.unique(np.append(np.abs(apart), 0.0), return_inverse=True)
    total = np.cumsum(np.bincount(place, weights=np.append(gains, 0.0)))
    return float(differences[np.argmax(total)])


def _right(cells: Cells, counts: Values) -> Values:
    """(B,) pairs on which both sides agree, every row's pair with itself (half a pair) among them."""
    rows, together = counts.sum(axis=1), np.sum(counts**2, axis=1)
    tied = np.sum(cells.judge_counts(counts) ** 2, axis=1) + np.sum(cells.human_counts(counts) ** 2, axis=1)
    untied = (rows**2 - tied + together) / 2
    return (concordance(cells, counts) + untied + together) / 2


def _right_within(cells: Cells, counts: Values, epsilon: float) -> Values:
    right = np.zeros(len(counts))
    for start in range(0, counts.shape[1], BLOCK):
        block = slice(start, start + BLOCK)
        apart = cells.judge[:, None] - cells.judge[None, block]
        judge_order = np.where(np.abs(apart) <= epsilon, 0, np.sign(apart))
        human_order = np.sign(cells.human_codes[:, None] - cells.human_codes[None, block])
        right += np.sum((counts @ (judge_order == human_order).astype(np.float64)) * counts[:, block], axis=1)
    return right / 2
