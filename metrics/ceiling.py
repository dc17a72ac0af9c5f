"""The noise ceiling: how well any judge could agree with these raters, and what share of it a judge reaches.

Two levels bracket what can be asked of a judge. *One more rater*: a single rater's Spearman correlation with the mean
of the others (leave one out). *A perfect judge*: one that gives the raters' true mean of every text still differs from
the mean of the few who rated it; its correlation is the root of that mean's reliability (Spearman 1904, "The proof and
measurement of association between two things": correction for attenuation; a judge's share of it is its correlation
with noiseless ratings). The reliability is the split-half one. Both are pooled over rows, for these raters; intervals
resample documents, so they do not say what other raters would do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from metrics import ranks
from metrics.binned import anchored, in_bins
from metrics.estimates import Estimate, least_last, merge_clusters
from metrics.intervals import Scale
from metrics.over_runs import mean_estimate
from metrics.reliability import Panel
from metrics.scores import Scores, Values, clusters
from metrics.summary import Cell, cell_table
from metrics.tables import ClusterTables, cluster_tables
from metrics.whole_levels import tie_ceilings

Cells = dict[str, Cell]

Read = Callable[[Values], Values]
"""From weights (B, G) to (B,)."""

_DIFFERENCES = ("minus_one_rater",)
"""Known better than either side: see `metrics.estimates`."""

RESAMPLES, MOST_CLUSTERS = 1000, 500
"""Fewer than a summary's, since there are some fifty tables a criterion; both add 2 to 3 % to the intervals' error.

More clusters are merged at random, as in `metrics.estimates`.
"""

_COEFFICIENT, _SHARE = Scale(-1, 1, "fisher"), Scale(-np.inf, np.inf, "plain")

RATERS: Mapping[str, Scale] = {
    "one_rater": _COEFFICIENT,
    "perfect_judge": Scale(0, 1, "fisher"),
    "split_half": _COEFFICIENT,
    "alpha_ordinal": _COEFFICIENT,
    "alpha_interval": _COEFFICIENT,
}
"""What is said of the raters: leave-one-rater-out Spearman, the root of the reliability, the reliability, alphas."""

JUDGE: Mapping[str, Scale] = {
    "against_others": _COEFFICIENT,
    "minus_one_rater": Scale(-2, 2, "plain"),
    "share_of_one_rater": _SHARE,
    "share_of_perfect_judge": _SHARE,
}
"""What is said of a judge: against the mean of all raters but one, minus what that one reaches on the same rows, the
same as a share, and its agreement with the mean of all as a share of a perfect judge's."""


def ceiling(judges: Mapping[str, Scores], *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """What summary.json says under `ceiling`, of judges of the same rows by name; JSON-ready.

    `{"known": bool, "unknown": [CRITERION], "panel": {CRITERION: {"raters", "rows", "scores"}}, "raters": {MEASURE:
    {"mean": CELL, CRITERION: CELL}}, "judges": {NAME: the same}, "ties": {COEFFICIENT: {CRITERION: value}}}` with
    measures as in `RATERS` and `JUDGE`, cells as in `metrics.summary`. A criterion is unknown where no row has two
    raters' scores; means are over the others. Unless `known` only `ties` is there. A judge's shares are those of the
    rows that it scored, for itself and the raters; `n` counts the rows that two raters scored.
    """
    first = next(iter(judges.values()))
    panel = _panel(first)
    names = [name for name, each in panel.items() if each["rows"]]
    found: dict[str, Any] = {"known": bool(names), "ties": tie_ceilings(first)}
    if not names:
        return found
    estimate = _estimate({name: scores.columns(names) for name, scores in judges.items()}, seed, MOST_CLUSTERS)
    measures = [*RATERS, *(f"{name} {measure}" for name in judges for measure in JUDGE)]
    scales = [*RATERS.values(), *(scale for _ in judges for scale in JUDGE.values())]
    table = cell_table(estimate, measures, scales, names, seed=seed, resamples=resamples)
    return {
        **found,
        "unknown": [name for name in panel if name not in names],
        "panel": {name: panel[name] for name in names},
        "raters": {measure: table[measure] for measure in RATERS},
        "judges": {name: {measure: table[f"{name} {measure}"] for measure in JUDGE} for name in judges},
    }


def ceiling_over_runs(runs: Sequence[Scores], *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Cells]:
    """Measure -> "mean" and criterion -> its mean over runs, of one judge a run; empty where the ceiling is unknown.

    The measures of `RATERS` and `JUDGE`. `documents` of the scores are codes that all runs share, and resamples are
    drawn once for all; `n` counts the rows of all runs. A criterion must be known in every run.
    """
    panels = [_panel(scores) for scores in runs]
    names = [name for name in runs[0].names if all(panel[name]["rows"] for panel in panels)]
    if not names:
        return {}
    known = [scores.columns(names) for scores in runs]
    scales = {**RATERS, **JUDGE}
    parts = [_estimate({"judge": scores}, seed, len(scores)) for scores in known]
    estimate = mean_estimate(parts, known, [name not in _DIFFERENCES for name in scales])
    return cell_table(estimate, list(scales), list(scales.values()), names, seed=seed, resamples=resamples)


def _panel(scores: Scores) -> dict[str, dict[str, int]]:
    """Criterion -> how many raters there are, rows that two of them scored, and scores in all rows."""
    if scores.raters is None:
        return {name: {"raters": 0, "rows": 0, "scores": 0} for name in scores.names}
    given = ~np.isnan(scores.raters)
    return {
        name: {
            "raters": int(given[:, place].any(axis=0).sum()),
            "rows": int((given[:, place].sum(axis=1) >= 2).sum()),
            "scores": int(given[:, place].sum()),
        }
        for place, name in enumerate(scores.names)
    }


@dataclass(eq=False)
class _Column:
    """One criterion: the panel of all rows, and of each judge its panel on the rows that it scored."""

    panel: Panel
    judges: list["_Judged"] = field(default_factory=list)

    @property
    def support(self) -> list[int]:
        """The clusters that inform every measure, in the same order."""
        found = [self.panel.informing] * len(RATERS)
        for each in self.judges:
            own, rated = min(each.panel.informing, each.table.informing()), each.panel.codes[each.panel.rated]
            found += [len(np.unique(rated)) if measure in _DIFFERENCES else own for measure in JUDGE]
        return found

    def values(self, weights: Values) -> list[Values]:
        """(B,) of every measure, in the order of `RATERS` and then `JUDGE` for each judge."""
        levels = {id(panel): _levels(panel, weights) for panel in (self.panel, *(each.panel for each in self.judges))}
        alone, perfect, reliability = levels[id(self.panel)]
        alphas = [self.panel.alpha(weights, interval=interval) for interval in (False, True)]
        found = [alone, perfect, reliability, *alphas]
        for each in self.judges:
            alone, perfect, _ = levels[id(each.panel)]
            others = each.others(weights)
            found += [others, others - alone, _share(others, alone), _share(each.agreement(weights), perfect)]
        return found


@dataclass(frozen=True, eq=False)
class _Judged:
    """One judge on one criterion: the panel of its rows, itself in a rater's place, with the mean, and that table."""

    panel: Panel
    others: Read
    agreement: Read
    table: ClusterTables


def _estimate(judges: Mapping[str, Scores], seed: int, most: int) -> Estimate:
    first = next(iter(judges.values()))
    codes, total = clusters(first)
    group, merged = merge_clusters(total, seed, most)
    columns = [_column(list(judges.values()), place, Panel(*each, merged, seed)) for place, each in
               enumerate((raters, group[codes]) for raters in _raters(first))]  # fmt: skip
    panels = [
        [column.panel] * len(RATERS) + [each.panel for each in column.judges for _ in JUDGE] for column in columns
    ]
    counted = np.array([[panel.rated.sum() for panel in each] for each in panels], dtype=np.intp).T
    support = np.array([column.support for column in columns], dtype=np.intp).T
    width = max(column.panel.width for column in columns)
    return Estimate(
        merged,
        width,
        lambda weights: np.stack([column.values(weights) for column in columns]).transpose(2, 1, 0),
        least_last(counted),
        least_last(np.zeros_like(counted)),
        least_last(support),
    )


def _raters(scores: Scores) -> list[Values]:
    assert scores.raters is not None
    return list(scores.raters.transpose(1, 0, 2))


def _column(judges: list[Scores], place: int, panel: Panel) -> _Column:
    column = _Column(panel)
    for scores in judges:
        judge, human = scores.judge[:, place], scores.human[:, place]
        own = panel if scores.scored[:, place].all() else panel.only(scores.scored[:, place])
        coarse = in_bins(judge)
        others, agreement, table = _judged(own, coarse, in_bins(human))
        if coarse is not judge:
            alone = replace(own, codes=np.zeros_like(own.codes), clusters=1)
            exact = [each(np.ones((1, 1)))[0] for each in _judged(alone, judge, human)[:2]]
            others, agreement = (
                anchored(each, one, panel.clusters) for each, one in zip((others, agreement), exact, strict=True)
            )
        column.judges.append(_Judged(own, others, agreement, table))
    return column


def _judged(panel: Panel, judge: Values, human: Values) -> tuple[Read, Read, ClusterTables]:
    """Judge in a rater's place, its agreement with the mean of all, and the table of that."""
    table = cluster_tables(judge, human, panel.codes, panel.clusters)
    return panel.against_others(judge), lambda weights: ranks.spearman(table.cells, table.weighted(weights)), table


def _levels(panel: Panel, weights: Values) -> tuple[Values, Values, Values]:
    """(B,) one more rater, a perfect judge, and the reliability of the mean."""
    reliability = panel.split_half(weights)
    return panel.alone(weights), np.sqrt(np.maximum(reliability, 0)), reliability


def _share(agreement: Values, whole: Values) -> Values:
    """The quotient; undefined where raters are not above chance, since nothing is a share of that."""
    return np.divide(agreement, whole, out=np.full_like(agreement, np.nan), where=whole > 0)
