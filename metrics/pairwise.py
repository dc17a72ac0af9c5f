"""Tie-aware pairwise accuracy: on which share of the pairs of rows do judge and raters agree who is better, or equal?

Deutsch, Foster and Freitag 2023, "Ties Matter: Meta-Evaluating Modern Metrics with Pairwise Accuracy and Tie
Calibration" (arXiv 2305.14324). Kendall's tau drops tied pairs or discounts them; here a tie that the raters give is as
much to be found as an order, so that a judge cannot gain by giving more ties, or fewer, than they do.
"""

import numpy as np

from metrics.ranks import PAIR_BLOCK, concordance, pairs_cost_less
from metrics.scores import Codes, Values
from metrics.tables import Cells

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
    tied = np.sort(np.abs(apart[order == 0]))
    ordered = np.sort(np.abs(apart[(order != 0) & (np.sign(apart) == order)]))
    differences = np.append(0.0, tied)  # only here the accuracy rises: a pair more is tied, and rightly so
    total = np.searchsorted(tied, differences, side="right") - np.searchsorted(ordered, differences, side="right")
    return float(differences[np.argmax(total)])


def _right(cells: Cells, counts: Values) -> Values:
    """(B,) pairs on which both sides agree, every row's pair with itself (half a pair) among them."""
    rows, together = counts.sum(axis=1), np.sum(counts**2, axis=1)
    tied = np.sum(cells.judge_counts(counts) ** 2, axis=1) + np.sum(cells.human_counts(counts) ** 2, axis=1)
    untied = (rows**2 - tied + together) / 2
    return (concordance(cells, counts) + untied + together) / 2


def _right_within(cells: Cells, counts: Values, epsilon: float) -> Values:
    by_pairs = pairs_cost_less(cells, len(counts), len(cells.human_values), 4 * len(cells.judge_values))
    return (_right_by_pairs if by_pairs else _right_by_levels)(cells, counts, epsilon)


def _right_by_pairs(cells: Cells, counts: Values, epsilon: float) -> Values:
    right = np.zeros(len(counts))
    for start in range(0, counts.shape[1], PAIR_BLOCK):
        block = slice(start, start + PAIR_BLOCK)
        apart = cells.judge[:, None] - cells.judge[None, block]
        judge_order = np.where(np.abs(apart) <= epsilon, 0, np.sign(apart))
        human_order = np.sign(cells.human_codes[:, None] - cells.human_codes[None, block])
        right += np.sum((counts @ (judge_order == human_order).astype(np.float64)) * counts[:, block], axis=1)
    return right / 2


def _right_by_levels(cells: Cells, counts: Values, epsilon: float) -> Values:
    """Sweep the human values upwards, with running sums along the judge's: a row stands in the right order to those
    of a lower human value whose judge value lies below all within `epsilon` of its own, and so on."""
    low, high = _windows(cells.judge_values, epsilon)
    tables, length = len(counts), len(cells.judge_values)
    right, lower = np.zeros(tables), np.zeros((tables, length + 1))
    whole = np.concatenate([np.zeros((tables, 1)), np.cumsum(cells.judge_counts(counts), axis=1)], axis=1)
    order, starts = cells.by_human
    for here in np.split(order, starts[1:]):
        at, own = cells.judge_codes[here], np.zeros((tables, length + 1))
        own[:, at + 1] = counts[:, here]
        own = np.cumsum(own, axis=1)
        upper = whole - lower - own
        agreeing = lower[:, low[at]] + own[:, high[at]] - own[:, low[at]] + upper[:, -1:] - upper[:, high[at]]
        right += np.sum(counts[:, here] * agreeing, axis=1)
        lower += own
    return right / 2


def _windows(values: Values, epsilon: float) -> tuple[Codes, Codes]:
    """(J,) the first of the sorted values within `epsilon` of each, and the first above them; differences that round
    to `epsilon` count as within."""
    low = np.searchsorted(values, values - epsilon)
    high = np.searchsorted(values, values + epsilon, side="right")
    for step in (1, 0):  # the sums above are rounded in another way than differences are
        nearer = np.maximum(low - step, 0)
        low = np.where(values - values[nearer] <= epsilon, nearer, nearer + 1)
        farther = np.minimum(high - 1 + step, len(values) - 1)
        high = np.where(values[farther] - values <= epsilon, farther + 1, farther)
    return low, high
