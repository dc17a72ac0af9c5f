"""The tables that a person reads after a run or an evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any

from programs.screen import Screen

SHOWN = ("spearman", "mae")
"""Metrics of the tables on the screen; the files hold all."""


def show_summary(summary: Mapping[str, Any], screen: Screen) -> None:
    """Before, after and difference per criterion, with 95 % intervals and coverage."""
    for metric in SHOWN:
        _show_metric(summary, "pooled", metric, screen)
    if summary["after"]["by_document"]["spearman"]["mean"]["n"]:
        _show_metric(summary, "by_document", "spearman", screen)
    _explain(summary["after"], SHOWN, screen)
    if "readout" in summary:
        screen.table(f"\n{READOUT_TITLE}", *readout_rows(summary))
    if "calibration" in summary:
        screen.table(f"\n{CALIBRATION_TITLE}", *calibration_rows(summary))
        show_left(summary["calibration"]["after"]["left"], screen)
        screen.result(f"\n{CALIBRATED_ALIKE}")
    _show_notes(summary, screen)


READOUT_TITLE = "spearman of the same replies read as digits and as expectations, pooled over the test rows"


def readout_rows(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of what the readout alone is worth: it is no merit of the rubrics."""
    header, columns = ["criterion"], []
    for part in ("before", "after"):
        found = summary["readout"][part]
        header += [f"digits {part}", f"expectations minus digits {part}", f"fell back {part}"]
        cells = [found[name]["pooled"]["spearman"] for name in ("digits", "beyond_digits")]
        columns += [*({name: cell_text(cell) for name, cell in each.items()} for each in cells), found["fallback"]]
    return header, [[name, *(str(column.get(name, "")) for column in columns)] for name in columns[0]]


CALIBRATION_TITLE = "mae of the same replies before and after their calibration, pooled over the test rows"

CALIBRATED_ALIKE = (
    "before and after are read alike and each calibrated by itself on training rows: what does not beat this before is "
    "no gain"
)


def calibration_rows(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of what the calibration alone is worth: it is no merit of the rubrics."""
    header, columns = ["criterion"], []
    for part in ("before", "after"):
        header += [f"uncalibrated {part}", f"calibrated minus uncalibrated {part}"]
        found = (
            summary["calibration"][part][name]["pooled"]["mae"] for name in ("uncalibrated", "beyond_uncalibrated")
        )
        columns += [{name: cell_text(cell) for name, cell in each.items()} for each in found]
    return header, [[name, *(column[name] for column in columns)] for name in columns[0]]


def show_left(left: Mapping[str, str], screen: Screen) -> None:
    """Says which criteria are not calibrated, and why."""
    for name, reason in left.items():
        screen.result(f"{name} is not calibrated: {reason}")


def _show_metric(summary: Mapping[str, Any], view: str, metric: str, screen: Screen) -> None:
    parts = [summary[name][view][metric] for name in ("before", "after", "difference")]
    coverage = summary["after"]["coverage"]
    rows = [
        [name, *(cell_text(part[name]) for part in parts), str(parts[1][name]["n"]), _covered(coverage.get(name))]
        for name in parts[0]
    ]
    unit = "pooled over the test rows" if view == "pooled" else "mean over documents"
    title = f"\n{metric}, {unit}, with 95 % intervals"
    counted = "rows" if view == "pooled" else "documents"
    screen.table(title, ["criterion", "before", "after", "paired difference", counted, "coverage"], rows)


def _show_notes(summary: Mapping[str, Any], screen: Screen) -> None:
    kept = ", ".join(f"{'+'.join(head['group'])}: step {head['step']}" for head in summary["kept"])
    if summary["stopped"]:
        screen.result(f"\nstopped early ({summary['stopped']}): scored from what is known, see the coverage")
    screen.result(f"\nkept judge: {kept} (step 0 is the initial rubric)")
    optimism = summary["optimism"]["validation_minus_test"]
    if optimism is not None:
        screen.result(f"optimism ({summary['optimism']['metric']}, validation minus test): {short(optimism)}")


def show_agreement(agreement: Mapping[str, Any], screen: Screen, what: str = "agreement") -> None:
    """One judge's agreement: a row a criterion, a column a metric."""
    for view, unit in (("pooled", "pooled over the rows"), ("by_document", "mean over documents")):
        metrics = agreement[view]
        if not metrics["spearman"]["mean"]["n"]:
            continue
        names = list(metrics["spearman"])
        rows = [
            [
                name,
                *(cell_text(metrics[metric][name]) for metric in metrics),
                str(metrics["spearman"][name]["n"]),
                _covered(agreement["coverage"].get(name)),
            ]
            for name in names
        ]
        counted = "rows" if view == "pooled" else "documents"
        screen.table(f"\n{what}, {unit}, with 95 % intervals", ["criterion", *metrics, counted, "coverage"], rows)
    _explain(agreement, list(agreement["pooled"]), screen)


WITHOUT = (
    "a value without an interval is known too badly for one: fewer than six documents, or fewer than six off the "
    "commonest level, or one that carries it alone"
)


def _explain(agreement: Mapping[str, Any], metrics: Sequence[str], screen: Screen) -> None:
    """Says why a table shows values without intervals, where it does."""
    shown = [cell for metric in metrics for cell in agreement["pooled"][metric].values()]
    shown += list(agreement["by_document"]["spearman"].values())
    if any(cell["value"] is not None and cell["low"] is None for cell in shown):
        screen.result(f"\n{WITHOUT}")


def show_calls(calls: Mapping[str, Mapping[str, int]], screen: Screen, of: str = "role") -> None:
    """Calls and tokens by role, or by whatever else asked."""
    keys = (
        "calls",
        "failed",
        "given_up",
        "truncated",
        "reused",
        "prompt_tokens",
        "completion_tokens",
        "cached_prompt_tokens",
    )
    header = [of, *(key.replace("_", " ") for key in keys)]
    rows: list[Sequence[str]] = [[role, *(f"{tally.get(key, 0):,}" for key in keys)] for role, tally in calls.items()]
    screen.table("\nLM calls", header, rows)
    if lost := given_up(calls):
        screen.result(f"given up after every retry had failed, and so unscored or without a text: {lost}")
    if too_long := sum(tally.get("too_long", 0) for tally in calls.values()):
        screen.result(f"beyond the context window of the LM, and so without a reply: {too_long} calls")


def show_failures(failures: Mapping[str, Mapping[str, int]], screen: Screen) -> None:
    """What kinds of failures the requests of each role met, those that a retry made good too."""
    parts = [
        f"{role} {', '.join(f'{kind} {count}' for kind, count in kinds.items())}" for role, kinds in failures.items()
    ]
    if parts:
        screen.result(f"failed requests by kind: {'; '.join(parts)}")


def given_up(calls: Mapping[str, Mapping[str, int]]) -> str:
    """`judge 3 of 120, loss 2 of 8` of the calls that were answered or given up; empty where none was given up."""
    lost = {role: tally.get("given_up", 0) for role, tally in calls.items()}
    answered = {role: tally["calls"] - tally["failed"] + tally["reused"] for role, tally in calls.items() if lost[role]}
    return ", ".join(f"{role} {lost[role]} of {count + lost[role]}" for role, count in answered.items())


def cell_text(cell: Mapping[str, Any]) -> str:
    """`.412 [.310, .502]`, or the value alone where there is no interval, or `undefined`."""
    if cell["value"] is None:
        return "undefined"
    value = short(cell["value"])
    return value if cell["low"] is None else f"{value} [{short(cell['low'])}, {short(cell['high'])}]"


def short(value: float) -> str:
    """Three decimals without the leading zero: .412, -.03 as -.030, 1.204; what rounds to zero has no sign."""
    text = f"{value:z.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _covered(cell: Mapping[str, int] | None) -> str:
    return f"{cell['scored']}/{cell['rows']}" if cell else ""
