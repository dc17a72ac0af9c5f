"""What a person, or a CI job's log, reads of frozen anchors and of a check."""

import os

import numpy as np

from metrics.drift import Change
from programs.checking.anchors import Anchors
from programs.checking.comparison import METHOD, Comparison, Noise, noise_of
from programs.report_tables import cell_text, short
from programs.screen import Screen


def show_frozen(anchors: Anchors, screen: Screen) -> None:
    """The frozen judge's scores and its own noise, by criterion."""
    header = ["criterion", "mean score", "standard deviation", "noise", "spearman with itself", "scored"]
    rows = []
    for column, (name, noise) in enumerate(noise_of(anchors).items()):
        scores = anchors.scores[:, :, column]
        known = scores[~np.isnan(scores)]
        spread = [short(float(known.mean())), short(float(known.std()))] if len(known) else ["undefined"] * 2
        rows.append([name, *spread, *_noise(noise), f"{len(known)}/{scores.size}"])
    screen.table(f"\nfrozen: {len(anchors.rows)} rows, scored {len(anchors.scores)} times", header, rows)


def show_comparison(comparison: Comparison, screen: Screen) -> None:
    """The tables, then one line with the verdict, as CI shows it."""
    _show_changes(comparison, screen)
    if comparison.raters is not None:
        _show_raters(comparison, screen)
    then, now = comparison.anchors, comparison.now
    screen.result(f"\nfrozen {then.when} by {then.asking.lm}, checked {now.when} with {now.asking.lm}; {METHOD}")
    if comparison.differences:
        what = f"the judge asked is not as frozen: {'; '.join(comparison.differences)}"
        screen.result(_annotated("warning", what))
    screen.result(_annotated("error", verdict_line(comparison)) if comparison.drifted else verdict_line(comparison))


def verdict_line(comparison: Comparison) -> str:
    """`DRIFT: helpful bias +.410 [.300, .520]; ...`, or `no drift shown: ...`."""
    if comparison.drifted:
        return f"DRIFT: {'; '.join(_said(change, comparison) for change in comparison.drifts)}"
    tests = sum(change.p is not None for change in comparison.changes)
    tolerated = [change for change in comparison.changes if comparison.verdict(change) == "tolerated"]
    rest = f"; tolerated: {'; '.join(_said(change, comparison) for change in tolerated)}" if tolerated else ""
    rows, alpha = len(comparison.anchors.rows), f"{100 * comparison.alpha:g} %"
    beyond = " beyond --tolerance" if tolerated else ""
    return f"no drift{beyond} shown: {tests} tests on {rows} rows, false alarms in at most {alpha} of checks{rest}"


def _said(change: Change, comparison: Comparison) -> str:
    itself = comparison.noise[change.criterion].itself
    against = f" (itself {short(itself)})" if change.measure == "spearman" and itself is not None else ""
    return f"{change.criterion} {change.measure} {_value(change)}{against}"


def _value(change: Change) -> str:
    value = change.cell["value"]
    signed = change.measure in ("bias", "coverage") and value is not None and value > 0
    return f"{'+' * signed}{cell_text(change.cell)}"


def _show_changes(comparison: Comparison, screen: Screen) -> None:
    header = ["criterion", "measure", "now against then", "unchanged", "noise", "p", "p (Holm)", "rows", "verdict"]
    rows = []
    for change in comparison.changes:
        noise, itself = _noise(comparison.noise[change.criterion])
        unchanged = {"bias": "0", "spread": "1", "spearman": itself, "coverage": "0"}[change.measure]
        own = noise if change.measure == "bias" else ""
        ps = [_p(change.p), _p(change.p_holm)]
        values = [change.criterion, change.measure, _value(change), unchanged, own]
        rows.append([*values, *ps, str(change.cell["n"]), comparison.verdict(change)])
    screen.table("\nthe judge's scores, now against then, with 95 % intervals", header, rows)


def _show_raters(comparison: Comparison, screen: Screen) -> None:
    found = comparison.raters or {}
    rows = [
        [name, *(cell_text(found[part][name]) for part in ("then", "now", "difference")), str(found["now"][name]["n"])]
        for name in found["now"]
    ]
    title = "\nspearman with the ratings, pooled over the rows, with 95 % intervals (not tested)"
    screen.table(title, ["criterion", "then", "now", "paired difference", "scorings"], rows)


def _noise(noise: Noise) -> list[str]:
    return ["undefined" if each is None else short(each) for each in (noise.deviation, noise.itself)]


def _p(p: float | None) -> str:
    return "undefined" if p is None else f"{p:.4f}".replace("0.", ".", 1)


def _annotated(level: str, text: str) -> str:
    """The line as GitHub Actions shows it beside the job; plain elsewhere."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{level} title=judge drift::{escaped}"
