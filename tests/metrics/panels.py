"""Made-up panels: rows of documents with a true quality that each rater and a judge see through noise of their own."""

import numpy as np

from metrics.scores import Scores, Values
from tests.metrics.rated import NAMES, criteria


def rated(
    seed: int = 0,
    documents: int = 40,
    rows: int = 3,
    raters: int = 4,
    *,
    noise: float = 1.0,
    missing: float = 0.0,
    unscored: float = 0.0,
    levels: tuple[int, int] | None = (1, 5),
) -> tuple[Scores, Values]:
    """The scores, and the true quality (n, K). Every row keeps its first rater; `levels` None: unrounded scores."""
    random, (low, high) = np.random.default_rng(seed), levels or (-99, 99)
    shape = (documents * rows, len(NAMES))
    truth = np.repeat(random.normal(size=(documents, len(NAMES))), rows, axis=0) + random.normal(size=shape)

    def seen(extent: tuple[int, ...], middle: Values) -> Values:
        found = middle + noise * random.normal(size=extent)
        return found if levels is None else np.clip(np.round(found + (low + high) / 2), low, high)

    panel = seen((*shape, raters), truth[:, :, None])
    left_out = random.random(panel.shape) < missing
    left_out[:, :, 0] = False
    panel[left_out] = np.nan
    judge = seen(shape, truth)
    judge[random.random(shape) < unscored] = np.nan
    codes = np.repeat(np.arange(documents), rows) if rows > 1 else None
    return Scores(criteria(NAMES, low, high), np.nanmean(panel, axis=2), judge, codes, raters=panel), truth
