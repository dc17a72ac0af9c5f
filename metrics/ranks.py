"""Metrics that look at order only, for a batch of tables: Spearman, Kendall's tau-b, Krippendorff's ordinal alpha.

Each takes the cells and their counts (B, C) and gives (B,), NaN where it is undefined.
"""

import numpy as np

from metrics.scores import Codes, Values
from metrics.tables import Cells

PAIR_BLOCK = 512
"""Cells that are compared with all others at once (bounds the memory of Kendall's pairs)."""


def spearman(cells: Cells, counts: Values) -> Values:
    """Pearson's correlation of the midranks. Undefined when a side is constant."""
    by_judge, by_human = cells.judge_counts(counts), cells.human_counts(counts)
    judge, human = centred_midranks(by_judge), centred_midranks(by_human)
    together = np.sum(counts * judge[:, cells.judge_codes] * human[:, cells.human_codes], axis=1)
    return _correlation(together, np.sum(by_judge * judge**2, axis=1) * np.sum(by_human * human**2, axis=1))


def kendall(cells: Cells, counts: Values) -> Values:
    """Kendall's tau-b: concordant minus discordant pairs over those untied on each side (geometric mean).

    Undefined when a side is constant.
    """
    rows = counts.sum(axis=1)
    untied_by_judge = rows**2 - np.sum(cells.judge_counts(counts) ** 2, axis=1)
    untied_by_human = rows**2 - np.sum(cells.human_counts(counts) ** 2, axis=1)
    return _correlation(2 * concordance(cells, counts), untied_by_judge * untied_by_human)


def krippendorff(cells: Cells, counts: Values, *, interval: bool = False) -> Values:
    """Krippendorff's alpha, ordinal, of judge and human as two raters (2011, "Computing Krippendorff's Alpha").

    His ordinal difference of two values is the difference of their midranks among all 2n ratings, which makes both
    disagreements sums over the table. With `interval` it is that of the values themselves. Undefined when all ratings
    are one value, or with fewer than two rows.
    """
    pooled = np.unique(np.concatenate([cells.judge_values, cells.human_values]))
    judge_place = np.searchsorted(pooled, cells.judge_values)
    human_place = np.searchsorted(pooled, cells.human_values)
    ratings = np.zeros((len(counts), len(pooled)))
    ratings[:, judge_place] += cells.judge_counts(counts)
    ratings[:, human_place] += cells.human_counts(counts)
    total = ratings.sum(axis=1)
    ranks = _centred(pooled, ratings) if interval else centred_midranks(ratings)
    apart = ranks[:, judge_place[cells.judge_codes]] - ranks[:, human_place[cells.human_codes]]
    spread = np.sum(ratings * ranks**2, axis=1)
    spread[total < 4] = 0  # a single row: alpha would be 0 whatever the two ratings are
    return 1 - _ratio((total - 1) * np.sum(counts * apart**2, axis=1), total * spread)


def centred_midranks(counts: Values) -> Values:
    """(B, V) midrank of each value minus the mean rank, exactly 0 for a value that has every row."""
    return np.cumsum(counts, axis=1) - (counts + counts.sum(axis=1, keepdims=True)) / 2


def _centred(values: Values, counts: Values) -> Values:
    """(B, V) each value minus their mean, exactly 0 for a value that has every row."""
    total = counts.sum(axis=1, keepdims=True)
    means = np.divide(counts @ values[:, None], total, out=np.zeros_like(total), where=total > 0)
    return np.where(counts == total, 0.0, values - means)


def concordance(cells: Cells, counts: Values) -> Values:
    """(B,) concordant minus discordant pairs of rows, by whichever of the two ways takes less time."""
    levels, length = sorted([len(cells.judge_values), len(cells.human_values)])
    by_pairs = pairs_cost_less(cells, len(counts), levels, length)
    return (_concordance_by_pairs if by_pairs else _concordance_by_levels)(cells, counts)


def pairs_cost_less(cells: Cells, tables: int, levels: int, length: int) -> bool:
    """Whether comparing all pairs of cells takes less time than a sweep over `levels` of sums along `length` values.

    The costs are nanoseconds measured on two cores: a pair to set up, a pair in a product, a level, a running sum.
    """
    return len(cells.judge_codes) ** 2 * (10 + 0.1 * tables) <= levels * (40_000 + 5 * length * tables)


def _concordance_by_pairs(cells: Cells, counts: Values) -> Values:
    balance = np.zeros(len(counts))
    for start in range(0, counts.shape[1], PAIR_BLOCK):
        block = slice(start, start + PAIR_BLOCK)
        judge_order = np.sign(cells.judge_codes[:, None] - cells.judge_codes[None, block])
        human_order = np.sign(cells.human_codes[:, None] - cells.human_codes[None, block])
        agreeing = counts @ (judge_order * human_order).astype(np.float64)
        balance += np.sum(agreeing * counts[:, block], axis=1)
    return balance / 2


def _concordance_by_levels(cells: Cells, counts: Values) -> Values:
    """Sweep the side with fewer values upwards; pairs with lower rows follow from one running sum along the other."""
    few, many, length = cells.human_codes, cells.judge_codes, len(cells.judge_values)
    if len(cells.judge_values) < len(cells.human_values):
        few, many, length = cells.judge_codes, cells.human_codes, len(cells.human_values)
    balance, lower = np.zeros(len(counts)), np.zeros((len(counts), length))
    for level in range(int(few.max(initial=-1)) + 1):
        here: Codes = np.flatnonzero(few == level)
        at = many[here]
        reached = np.cumsum(lower, axis=1)
        below_minus_above = 2 * reached[:, at] - lower[:, at] - reached[:, -1:]
        balance += np.sum(counts[:, here] * below_minus_above, axis=1)
        lower[:, at] += counts[:, here]
    return balance


def _correlation(together: Values, spread: Values) -> Values:
    return np.clip(_ratio(together, np.sqrt(spread)), -1, 1)


def _ratio(numerator: Values, denominator: Values) -> Values:
    """The quotient, NaN where there is nothing to divide by: undefined, not zero."""
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
