"""The gate: is a rewritten judge kept? Decided on validation rows, for each judge head by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from metrics.metric import RANKED
from metrics.paired import PairedComparison, collapsed, paired_draws
from metrics.scores import Scores
from programs.errors import UserError, suggest
from signatures.records import Group

GATES = ("none", "mae", "off_by_one", "accuracy", "spearman", "kendall", "qwk")
RULES = ("probable", "not_worse")


@dataclass(frozen=True)
class Verdict:
    """What the gate decided for one head, and on which numbers (the metric per criterion, before and after).

    `rows` says how many validation rows were judged for it.
    """

    group: Group
    kept: bool
    reason: str
    before: Mapping[str, float | None]
    after: Mapping[str, float | None]
    difference: float | None = None
    probability: float | None = None
    rows: int | None = None


Accept = Callable[[Scores, Scores, Group], Verdict]
"""(before, after, the head's criteria) -> verdict: the plug point of the gate."""


def gate(metric: str, rule: str = "probable", threshold: float = 0.8, seed: int = 0) -> Accept | None:
    """The gate on `metric`, oriented so that higher is better and averaged over the head's criteria.

    `not_worse` is the paper's rule: kept when the metric is at least the current judge's. `probable` keeps a rewrite
    when the paired difference, resampled by document, is positive with a probability over `threshold`. Compared on the
    rows that both judges scored. Metric "none" is no gate (None): every rewrite is kept.
    """
    if metric not in GATES:
        raise UserError(f"--gate '{metric}' is unknown: use one of {', '.join(GATES)}{suggest(metric, GATES)}")
    if rule not in RULES:
        raise UserError(f"--accept '{rule}' is unknown: use one of {', '.join(RULES)}{suggest(rule, RULES)}")
    return None if metric == "none" else accepting(metric, rule, threshold, seed)


def accepting(metric: str, rule: str, threshold: float, seed: int = 0) -> Accept:
    """The gate on a known metric, by a known rule (see `gate`)."""

    def accept(before: Scores, after: Scores, group: Group) -> Verdict:
        compared = paired_draws(before, after, metric, group, seed=seed)
        reason = _fault(before, after, group, metric in RANKED) or _shortfall(compared, rule, threshold)
        return Verdict(
            group=group,
            kept=reason is None,
            reason=reason or rule,
            before=compared.before,
            after=compared.after,
            difference=compared.difference,
            probability=compared.probability,
        )

    return accept


def _fault(before: Scores, after: Scores, group: Group, by_ranks: bool) -> str | None:
    """What bars a rewrite whatever its mean says: dropping a criterion that collapsed would raise the mean."""
    for name in group:
        if reason := collapsed(before, after, before.names.index(name), by_ranks):
            return f"{name} {reason}"
    return None


def _shortfall(compared: PairedComparison, rule: str, threshold: float) -> str | None:
    """Why the difference is not enough, or None where it is."""
    if compared.difference is None:
        return "nothing comparable"
    if rule == "not_worse":
        return None if compared.difference >= 0 else "worse"
    if compared.probability is not None and compared.probability > threshold:
        return None
    return "not probably better"
