"""Who hurts whom: agreement on a criterion alone against together with another one, for every ordered pair (PAPER).

A pair (a, b) is a column of its own: the scores on a, alone in one array and beside b in the other. Then the paired
comparison, its intervals and the mean over all pairs are those of any two judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from metrics.estimates import Estimate, pooled_difference
from metrics.intervals import Scale, difference_scale
from metrics.metric import Metric
from metrics.multiplicity import p_values
from metrics.scores import Codes, Scores, Values
from metrics.summary import RESAMPLES, Cell, cell_table

Pair = tuple[str, str]
"""(a, b): what b's presence does to the agreement on a."""

PER_TOKENS = 100
"""The slope is a loss of agreement per so many tokens."""

_FISHER, _UNBOUNDED = Scale(-1, 1, "fisher"), Scale(-np.inf, np.inf, "plain")


@dataclass(frozen=True, eq=False)
class PairEffects:
    """Alone and together, one column a pair; both hold the same rows, in the order of `pairs`."""

    pairs: Sequence[Pair]
    alone: Scores
    together: Scores

    def change(self, metric: Metric, seed: int = 0) -> Estimate:
        """Together minus alone, paired, turned so that negative is a loss of agreement."""
        found = pooled_difference(self.alone, self.together, [metric], seed)
        return replace(
            found, criteria_values=lambda weights: metric.orientation * found.criteria_values(weights), sides=None
        )


def pair_effects(alone: Scores, together: Mapping[frozenset[str], Scores]) -> PairEffects:
    """`alone` holds every criterion's own one-criterion prompt, `together` the scores of every two-criterion prompt."""
    pairs = list(permutations(alone.names, 2))
    beside = [together[frozenset(pair)].columns(pair[:1]) for pair in pairs]
    return PairEffects(pairs, _wide(pairs, [alone.columns(pair[:1]) for pair in pairs]), _wide(pairs, beside))


def side_by_side(by_criterion: Mapping[str, Scores]) -> Scores:
    """Each criterion's column from the scores of its own prompt."""
    first = next(iter(by_criterion.values()))
    columns = [by_criterion[name].judge[:, place] for place, name in enumerate(first.names)]
    return first.with_judge(np.stack(columns, axis=1))


def effect_cells(effects: PairEffects, metric: Metric, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Cell]:
    """ "mean" and "a|b" -> the change of agreement on a beside b, with its interval and its p-value under "p"."""
    change, names = effects.change(metric, seed), effects.alone.names
    cells = cell_table(change, [metric.name], [difference_scale(metric)], names, seed=seed, resamples=resamples)
    ps = p_values(change, seed=seed, resamples=resamples)[0]
    return {
        name: {**cells[metric.name][name], "p": None if np.isnan(p) else float(p)}
        for name, p in zip((*names, "mean"), ps, strict=True)
    }


def length_slope(
    effects: PairEffects, tokens: Mapping[str, int], metric: Metric, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Cell]:
    """Does a longer rubric beside it cost a criterion more? Over the pairs, within each criterion that is looked at.

    "slope": the loss of agreement on a per 100 tokens of b's rubric; "correlation": Pearson's of the same. Both remove
    each a's own mean, so that criteria which lose more whatever stands beside them do not count as an effect of
    length. `n` is the pairs that have a value. The intervals resample documents, and so hold for these rubrics:
    there are only as many different lengths as criteria. Undefined under three criteria, or where all have one length.
    """
    change = effects.change(metric, seed)
    own = np.array([effects.alone.names.index(f"{a}|{b}") for a, b in effects.pairs])
    looked_at = np.array([[a for a, _ in effects.pairs].index(a) for a, _ in effects.pairs])
    lengths = np.array([tokens[b] / PER_TOKENS for _, b in effects.pairs])

    def values(weights: Values) -> Values:
        losses = -change.criteria_values(weights)[:, 0, own]
        return np.stack(_within(lengths, losses, looked_at), axis=1)[:, :, None]

    known = int((~np.isnan(change.point[0, :-1])).sum())
    support = np.full((2, 2), change.support.min())
    estimate = Estimate(
        change.clusters, change.width, values, np.full((2, 2), known), np.zeros((2, 2), dtype=np.intp), support
    )
    found = cell_table(
        estimate, ("slope", "correlation"), (_UNBOUNDED, _FISHER), ("pairs",), seed=seed, resamples=resamples
    )
    return {name: cells["pairs"] for name, cells in found.items()}


def _wide(pairs: Sequence[Pair], columns: Sequence[Scores]) -> Scores:
    criteria = tuple(replace(each.criteria[0], name=f"{a}|{b}") for (a, b), each in zip(pairs, columns, strict=True))
    human, judge = (np.concatenate([getattr(each, side) for each in columns], axis=1) for side in ("human", "judge"))
    return Scores(criteria, human, judge, columns[0].documents)


def _within(lengths: Values, losses: Values, groups: Codes) -> tuple[Values, Values]:
    """(B,) slope and Pearson's correlation of losses (B, P) on lengths (P,), both centred within `groups`."""
    known = ~np.isnan(losses)
    x, y = (_centred(values, known, groups) for values in (np.broadcast_to(lengths, losses.shape), losses))
    together, spread_x, spread_y = (np.sum(x * y, axis=1), np.sum(x**2, axis=1), np.sum(y**2, axis=1))
    spread_x[spread_x < 1e-12] = 0
    return _ratio(together, spread_x), np.clip(_ratio(together, np.sqrt(spread_x * spread_y)), -1, 1)


def _centred(values: Values, known: Values, groups: Codes) -> Values:
    """The known values minus the mean of their group; 0 where unknown."""
    found = np.zeros(values.shape)
    for group in np.unique(groups):
        members = groups == group
        own, some = values[:, members], known[:, members]
        means = _ratio(np.where(some, own, 0).sum(axis=1), some.sum(axis=1))
        found[:, members] = np.where(some, own - means[:, None], 0)
    return found


def _ratio(numerator: Values, denominator: Values) -> Values:
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
