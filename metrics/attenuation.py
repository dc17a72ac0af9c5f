"""What more raters would show of the same gain: a noisy rating hides part of any agreement with it.

The mean of k raters has reliability R(k) = k r / (1 + (k - 1) r), r that of one (Spearman 1910, Brown 1910). A judge's
correlation with it is that with the raters' true mean times sqrt(R) (Spearman 1904), and so is a difference of two
correlations. For rank correlations both hold approximately; for distances and shares they do not hold.
"""

from math import sqrt


def mean_reliability(reliability: float, raters: float, others: float) -> float:
    """The reliability of the mean of `others` raters, from that of the mean of `raters` (each in 0..1).

    >>> round(mean_reliability(0.5, 1, 3), 3)
    0.75
    """
    single = reliability / (raters - (raters - 1) * reliability)
    return others * single / (1 + (others - 1) * single)


def seen_difference(difference: float, reliability: float, other: float) -> float:
    """How a difference of correlations, seen with ratings of one reliability, shows with ratings of another.

    >>> round(seen_difference(0.05, 0.5, 0.75), 4)
    0.0612
    """
    return difference * sqrt(other / reliability)
