"""PCGrad: gradients in conflict are projected apart (Yu et al. 2020, arXiv 2001.06782, algorithm 1)."""

import numpy as np

from metrics.scores import Values


def pcgrad(gradients: Values, random: np.random.Generator) -> Values:
    """The sum of the projected rows of `gradients` (K, E), as (E,).

    Each row loses, for the other rows in random order, what it has against them: where g_i . g_j < 0,
    g_i <- g_i - (g_i . g_j) / |g_j|^2 g_j. Rows that agree with all others are added as they are.
    """
    return np.sum([_projected(place, gradients, random) for place in range(len(gradients))], axis=0)


def _projected(place: int, gradients: Values, random: np.random.Generator) -> Values:
    own = gradients[place].copy()
    for other in (gradients[index] for index in random.permutation(len(gradients)) if index != place):
        against = own @ other
        if against < 0:
            own = own - against / (other @ other) * other
    return own
