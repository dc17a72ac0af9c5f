"""The agreement metrics by name: what each computes, which way is better and between which bounds it lies.

Every metric is a function, `spearman(judge, human) -> float | None`, and also knows how to do a whole batch of tables.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from metrics import levels, ranks
from metrics.pairwise import pairwise_accuracy
from metrics.scores import Values
from metrics.tables import Cells, tabulate

Kind = Literal["coefficient", "share", "pairs", "distance"]
"""A coefficient lies in -1..1 (intervals on Fisher's z), a share of rows or of pairs of rows in 0..1, a distance at or
above 0. Only shares of rows and distances are means over rows."""


@dataclass(frozen=True)
class Metric:
    """A metric over a set of rows.

    `orientation` is +1 where higher is better and -1 where lower is. `batch` maps cells and counts (B, C) to (B,)
    values with NaN for undefined. `by_order`: only the order of values
    matters, on each side or among those of both.
    """

    name: str
    kind: Kind
    orientation: int
    batch: Callable[[Cells, Values], Values]
    by_order: Literal["each side", "both sides"] | None = None

    def __call__(self, judge: ArrayLike, human: ArrayLike) -> float | None:
        """The metric of two 1-d arrays; rows that `judge` left unscored (NaN) are dropped; `None` is undefined."""
        judge_values, human_values = np.asarray(judge, dtype=np.float64), np.asarray(human, dtype=np.float64)
        if judge_values.ndim != 1 or judge_values.shape != human_values.shape:
            raise ValueError(f"need two 1-d arrays of one length, got {judge_values.shape} and {human_values.shape}")
        scored = ~np.isnan(judge_values)
        cells, row_cells = tabulate(judge_values[scored], human_values[scored])
        counts = np.bincount(row_cells, minlength=len(cells.judge_codes)).astype(np.float64)
        value = float(self.batch(cells, counts[None])[0])
        return None if np.isnan(value) else value

    @property
    def bounds(self) -> tuple[float, float]:
        return {"coefficient": (-1.0, 1.0), "distance": (0.0, np.inf)}.get(self.kind, (0.0, 1.0))

    @property
    def mean_of_rows(self) -> bool:
        """Whether the value of a set is the mean of the values of its rows."""
        return self.kind in ("share", "distance")


spearman = Metric("spearman", "coefficient", 1, ranks.spearman, by_order="each side")
kendall = Metric("kendall", "coefficient", 1, ranks.kendall, by_order="each side")
pairwise = Metric("pairwise", "pairs", 1, pairwise_accuracy, by_order="each side")
qwk = Metric("qwk", "coefficient", 1, levels.quadratic_kappa)
krippendorff = Metric("krippendorff", "coefficient", 1, ranks.krippendorff, by_order="both sides")
mae = Metric("mae", "distance", -1, levels.mean_absolute_error)
off_by_one = Metric("off_by_one", "share", 1, partial(levels.off_by, levels=1))
accuracy = Metric("accuracy", "share", 1, levels.accuracy)

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (spearman, kendall, pairwise, qwk, krippendorff, mae, off_by_one, accuracy)
}
"""In the order in which summaries list them."""

RANKED = frozenset({"spearman", "kendall", "pairwise"})
"""Metrics that no strictly rising map of the scores changes."""


def off_by_n(judge: ArrayLike, human: ArrayLike, levels_apart: float) -> float | None:
    """Share of rows with |judge - human| <= `levels_apart`, for any distance (PAPER protocol: off-by-n)."""
    metric = replace(off_by_one, name=f"off_by_{levels_apart:g}", batch=partial(levels.off_by, levels=levels_apart))
    return metric(judge, human)
