"""A judge's scores of the anchors now against those frozen: what changed, is it drift, what do raters say."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from metrics.drift import Change, Scorings, changes, own_noise
from metrics.metric import spearman
from metrics.over_runs import difference_over_runs, values_over_runs
from metrics.scores import Scores, Values
from metrics.summary import Cell
from programs.checking.anchors import Anchors, Asking
from programs.checking.tolerance import Tolerance, beyond

METHOD = (
    "randomization test within rows against the frozen scorings; Holm over all criteria and measures; "
    "95 % intervals resample documents"
)


@dataclass(frozen=True, eq=False)
class Now:
    """The anchors scored again: by whom and how, (S, n, K) scores, and the day."""

    asking: Asking
    scores: Values
    when: str


@dataclass(frozen=True)
class Noise:
    """The frozen judge against itself: `deviation` of a score over scorings of a row, `itself` their Spearman."""

    deviation: float | None
    itself: float | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """All that a check found. `raters` is Spearman with the ratings then, now, and the paired difference."""

    anchors: Anchors
    now: Now
    alpha: float
    tolerance: Tolerance
    changes: list[Change]
    noise: Mapping[str, Noise]
    raters: Mapping[str, Mapping[str, Cell]] | None

    def verdict(self, change: Change) -> str:
        """`drift`, `tolerated` (beyond noise, not shown to be beyond the tolerance), `-`, or `undefined`."""
        if change.p_holm is None:
            return "undefined"
        if change.p_holm > self.alpha:
            return "-"
        within = not beyond(change, self.tolerance, self.noise[change.criterion].itself)
        return "tolerated" if within else "drift"

    @cached_property
    def drifts(self) -> list[Change]:
        """The changes that are drift."""
        return [change for change in self.changes if self.verdict(change) == "drift"]

    @property
    def drifted(self) -> bool:
        return bool(self.drifts)

    @property
    def differences(self) -> list[str]:
        """How the judge that was asked differs from the frozen one: then drift is not the LM's alone."""
        then, now = self.anchors.asking, self.now.asking
        said = [f"its {name} is {new}, was {old}" for name, old, new in _settings(then, now) if old != new]
        if then.judge != now.judge and then.form == now.form:
            said.append("its prompt, or its calibration, is not the frozen one")
        if then.served != now.served:
            said.append("it is on a server now" if now.served else "it was on a server")
        return said

    def to_dict(self) -> dict[str, Any]:
        """For `--out`."""
        return {
            "verdict": "drift" if self.drifted else "no drift shown",
            "method": METHOD,
            "alpha": self.alpha,
            "tolerance": dict(self.tolerance),
            "then": {**asdict(self.anchors.asking), "when": self.anchors.when, "repeats": len(self.anchors.scores)},
            "now": {**asdict(self.now.asking), "when": self.now.when, "repeats": len(self.now.scores)},
            "differences": self.differences,
            "rows": len(self.anchors.rows),
            "documents": len(set(self.anchors.documents.tolist())),
            "criteria": {name: self._criterion(name) for name in self.anchors.task.criterion_names},
            "raters": self.raters,
        }

    def _criterion(self, name: str) -> dict[str, Any]:
        return {
            "noise": asdict(self.noise[name]),
            **{
                each.measure: {**each.cell, "p": each.p, "p_holm": each.p_holm, "verdict": self.verdict(each)}
                for each in self.changes
                if each.criterion == name
            },
        }


def compared(anchors: Anchors, now: Now, *, alpha: float, tolerance: Tolerance, seed: int) -> Comparison:
    """The comparison of the frozen scores with those of now."""
    scorings = Scorings(anchors.task.criteria, anchors.scores, now.scores, anchors.documents)
    found = changes(scorings, alpha=alpha, seed=seed)
    raters = _raters(anchors, now, seed) if anchors.rated else None
    return Comparison(anchors, now, alpha, tolerance, found, noise_of(anchors), raters)


def noise_of(anchors: Anchors) -> dict[str, Noise]:
    """Criterion -> the frozen judge's own noise."""
    names = anchors.task.criterion_names
    return {name: Noise(*own_noise(anchors.scores[:, :, column])) for column, name in enumerate(names)}


def _raters(anchors: Anchors, now: Now, seed: int) -> dict[str, dict[str, Cell]]:
    """Spearman with the ratings, pooled over the rows, of single scorings (means over scorings)."""

    def scores(values: Values) -> list[Scores]:
        return [Scores(anchors.task.criteria, anchors.human, each, anchors.documents) for each in values]

    then, again = scores(anchors.scores), scores(now.scores)
    return {
        "then": values_over_runs(then, [spearman], seed=seed).cells["spearman"],
        "now": values_over_runs(again, [spearman], seed=seed).cells["spearman"],
        "difference": difference_over_runs([(old, new) for old in then for new in again], [spearman], seed=seed).cells[
            "spearman"
        ],
    }


def _settings(then: Asking, now: Asking) -> list[tuple[str, Any, Any]]:
    forms = [(name, then.form.get(name), now.form.get(name)) for name in {**then.form, **now.form}]
    return [("LM", then.lm, now.lm), ("temperature", then.temperature, now.temperature), *forms]
