"""What a scrutiny warns of, in one line each, and the halo as a sentence."""

from collections.abc import Mapping
from typing import Any

from metrics.metric import METRICS
from metrics.scrutiny import SAME_ROWS
from programs.report_tables import cell_text, short


def warnings(scrutiny: Mapping[str, Any]) -> list[str]:
    """One line a metric by which a constant is better, and one where the system's identity ranks as well."""
    constants = scrutiny["constants"]
    chosen = "; chosen on these rows" if constants["chosen_on"] == SAME_ROWS else ""
    lines = [_constant(metric, found, chosen) for metric, found in constants["metrics"].items()]
    return [line for line in (*lines, _identity(scrutiny["systems"])) if line]


def halo_words(scrutiny: Mapping[str, Any]) -> str:
    """The mean excess correlation between criteria; empty with a single criterion."""
    halo = scrutiny["halo"]
    if halo is None:
        return ""
    judge, raters = (mean_correlation(halo[side]) for side in ("judge", "raters"))
    return (
        f"halo: scores of two criteria correlate {judge} in the mean, ratings {raters}; difference "
        f"{cell_text(halo['excess']['mean'])} (Spearman, {halo['rows']} rows)"
    )


def mean_correlation(pairs: Mapping[str, float | None]) -> str:
    """Over all pairs of criteria; undefined where one is."""
    known = [value for value in pairs.values() if value is not None]
    return short(sum(known) / len(known)) if len(known) == len(pairs) else "undefined"


def level_text(found: Mapping[str, Any]) -> str:
    """What the constant is; that of the mean is each criterion's own."""
    return "the best constants" if found["level"] is None else f"always {found['level']}"


def _constant(metric: str, found: Mapping[str, Mapping[str, Any]], chosen: str) -> str:
    beaten = [
        f"{name} ({level_text(each)}: {short(each['constant'])}, judge {short(each['judge'])}, "
        f"difference {cell_text(each['difference'])})"
        for name, each in found.items()
        if each["beaten"]
    ]
    direction = "lower" if METRICS[metric].orientation < 0 else "higher"
    told = f"a constant beats the judge on {metric} ({direction} is better{chosen}): {', '.join(beaten)}"
    return told if beaten else ""


def _identity(systems: Mapping[str, Any] | None) -> str:
    if systems is None:
        return ""
    worse = [
        f"{name} ({cell_text(cell)})"
        for name, cell in systems["beyond_identity"].items()
        if cell["value"] is not None and cell["value"] <= 0
    ]
    return f"knowing only its system ranks a text at least as well as the judge: {', '.join(worse)}" if worse else ""
