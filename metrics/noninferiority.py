"""Is a judge better than another, worse, or at least not worse by more than a margin? Paired, with Holm's correction.

A difference is the candidate's agreement minus the reference's, on the rows that both scored. *Better* and *worse*
ask whether it could be zero (two-sided, 5 %); *not worse* whether it could be a loss of the margin or more
(non-inferiority, one-sided, 2.5 %). Either needs the 95 % interval to say so, and Holm's p-value over the family.
"""

from collections.abc import Mapping, Sequence
from math import isclose
from typing import Any, Literal

import numpy as np

from metrics.detectable import detectable
from metrics.estimates import Estimate
from metrics.intervals import difference_scale
from metrics.metric import Metric
from metrics.multiplicity import above, holm, two_sided
from metrics.null_errors import null_errors
from metrics.summary import RESAMPLES, cell_table

ALPHA = 0.05

Verdict = Literal[
    "better", "not worse", "worse", "worse, within the margin", "not distinguishable", "no difference here",
    "no interval", "undefined",
]  # fmt: skip

Comparison = dict[str, Any]
"""A difference's cell (`metrics.summary.Cell`) with `p`, `p_not_worse`, and after `judge_all` also their `_holm`
values, `detectable` and the `verdict`."""


def compare(
    change: Estimate, metric: Metric, names: Sequence[str], margin: float, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Comparison]:
    """`mean` and criterion -> the difference with its interval and two p-values, None where there is no interval.

    `change` holds one metric's differences, candidate minus reference. `p` is two-sided for no difference,
    `p_not_worse` one-sided for a loss of at least `margin`, in the metric's own units, whichever way it points. Either
    takes the errors of judges who differ by just that (`metrics.null_errors`), the interval those of the judges as
    they are: with few documents one may speak where the other does not, and a verdict needs both.
    """
    cells = cell_table(change, [metric.name], [difference_scale(metric)], names, seed=seed, resamples=resamples)
    gains = metric.orientation * change.point
    hypotheses = (0.0, -metric.orientation * margin)
    (equal, worse), clusters = null_errors(change, metric, hypotheses, seed=seed, resamples=resamples)
    ps, not_worse = two_sided(gains, equal, clusters)[0], above(gains + margin, worse, clusters)[0]
    return {
        name: {**cells[metric.name][name], "p": _or_none(ps[place]), "p_not_worse": _or_none(not_worse[place])}
        for name, place in {"mean": len(names), **{name: place for place, name in enumerate(names)}}.items()
    }


def judge_all(found: Sequence[Mapping[str, Comparison]], metric: Metric, margin: float) -> list[dict[str, Comparison]]:
    """The comparisons of every pair of judges with Holm's p-values, the detectable difference and the verdict.

    The criteria of all pairs are one family, their means another: a mean is no further question about a criterion.
    """
    places = [(pair, name) for pair, cells in enumerate(found) for name in cells]
    judged: list[dict[str, Comparison]] = [{name: {**cell} for name, cell in pair.items()} for pair in found]
    for of_means in (True, False):
        family = [judged[pair][name] for pair, name in places if (name == "mean") == of_means]
        adjusted = {key: holm([each[key] for each in family]) for key in ("p", "p_not_worse")}
        for rank, each in enumerate(family):
            each |= {f"{key}_holm": ps[rank] for key, ps in adjusted.items()}
            each |= {"detectable": detectable(each), "verdict": verdict(each, metric, margin)}
    return judged


def verdict(found: Comparison, metric: Metric, margin: float) -> Verdict:
    """What a comparison shows. `no difference here`: nothing varied, so the rows cannot tell the judges apart."""
    if found["value"] is None:
        return "undefined"
    if found["low"] is None or found["high"] is None:
        return "no interval"
    if found["value"] == 0 and isclose(found["low"], found["high"], abs_tol=1e-12):
        return "no difference here"
    low, high = sorted(metric.orientation * found[bound] for bound in ("low", "high"))
    differs = _under(found["p_holm"], ALPHA)
    within = low > -margin and _under(found["p_not_worse_holm"], ALPHA / 2)
    if differs and low > 0:
        return "better"
    if differs and high < 0:
        return "worse, within the margin" if within else "worse"
    return "not worse" if within else "not distinguishable"


def _under(p: float | None, level: float) -> bool:
    return p is not None and p < level


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
