"""The main tables: agreement on the test rows before and after, and what the difference says."""

from collections.abc import Mapping
from typing import Any

from metrics.metric import METRICS
from programs.report_tables import CALIBRATION_TITLE, READOUT_TITLE, SHOWN, calibration_rows, cell_text, readout_rows
from programs.reports.run_files import RunFiles
from programs.reports.table import Table, number

VIEWS = {"pooled": "pooled over the test rows", "by_document": "mean over documents"}
TITLES = {
    "spearman": "Spearman",
    "kendall": "Kendall",
    "pairwise": "Pairwise accuracy (ties count)",
    "qwk": "Quadratic weighted kappa",
    "krippendorff": "Krippendorff's alpha",
    "mae": "Mean absolute error (lower is better)",
    "off_by_one": "Off by at most one",
    "accuracy": "Accuracy",
}


def main_tables(run: RunFiles) -> list[Table]:
    """The metrics that are shown at once: those of the screen and the gate's own, pooled; ranks by document too."""
    shown = [*SHOWN, *([run.metric] if run.metric not in SHOWN else [])]
    tables = [_table(run, "pooled", metric) for metric in shown]
    if "readout" in run.summary:
        tables.append(Table.of(READOUT_TITLE.capitalize(), *readout_rows(run.summary)))
    if "calibration" in run.summary:
        tables.append(Table.of(CALIBRATION_TITLE.capitalize(), *calibration_rows(run.summary)))
    return [*tables, _table(run, "by_document", "spearman")] if has_documents(run) else tables


def other_tables(run: RunFiles) -> list[Table]:
    """Every other metric, pooled and by document."""
    views = VIEWS if has_documents(run) else ("pooled",)
    known = [metric for metric in METRICS if metric in run.summary["after"]["pooled"]]  # older runs lack some
    tables = [_table(run, view, metric) for view in views for metric in known]
    shown = {table.caption for table in main_tables(run)}
    return [table for table in tables if table.caption not in shown]


def has_documents(run: RunFiles) -> bool:
    """Whether any document has a value: else there is nothing to say by document."""
    return bool(run.summary["after"]["by_document"]["spearman"]["mean"]["n"])


def coverage_table(run: RunFiles) -> Table:
    """Rows that got a score. An unscored row counts in no metric and is never a zero."""
    parts = [run.summary[part]["coverage"] for part in ("before", "after", "difference")]
    rows = [
        [title, str(parts[0][name]["rows"]), *(str(part[name]["scored"]) for part in parts)]
        for name, title in run.titles.items()
    ]
    header = ("criterion", "test rows", "scored before", "scored after", "by both")
    return Table.of("Coverage: test rows with a valid score", header, rows)


def worst_case_table(run: RunFiles) -> Table | None:
    """How far unscored rows could move the difference; None where every row has its scores."""
    bounds = run.summary["difference"].get("worst_case")
    if not bounds or not unscored(run):
        return None
    rows = [[title, *(_bounds(bounds[metric][name]) for metric in SHOWN)] for name, title in run.titles.items()]
    caption = "The pooled difference over all rows, whatever the unscored ones would have got"
    return Table.of(caption, ("criterion", *(TITLES[metric] for metric in SHOWN)), rows)


def unscored(run: RunFiles) -> int:
    """Scores that are missing, over both judges and all criteria."""
    parts = (run.summary["before"]["coverage"], run.summary["after"]["coverage"])
    return sum(cell["unscored"] for part in parts for cell in part.values())


def reading(cell: Mapping[str, Any], metric: str) -> str:
    """What a paired difference says, in words."""
    if cell["value"] is None:
        return "undefined"
    if cell["low"] is None or cell["high"] is None:
        return "no interval"
    if cell["low"] <= 0 <= cell["high"]:
        return "no change shown"
    return "better" if (cell["low"] > 0) == (METRICS[metric].orientation > 0) else "worse"


def _table(run: RunFiles, view: str, metric: str) -> Table:
    before, after, difference = (run.summary[part][view][metric] for part in ("before", "after", "difference"))
    counted = "rows" if view == "pooled" else "documents"
    rows = [
        [
            run.titles.get(name, "mean over criteria"),
            cell_text(before[name]),
            cell_text(after[name]),
            cell_text(difference[name]),
            reading(difference[name], metric),
            _counts(after[name], view),
            _covered(run, name),
        ]
        for name in before
    ]
    header = ("criterion", "before", "after", "paired difference", "reading", counted, "coverage after")
    return Table.of(f"{TITLES[metric]}, {VIEWS[view]}, with 95 % intervals", header, rows)


def _counts(cell: Mapping[str, Any], view: str) -> str:
    left_out = f" ({cell['undefined']} undefined)" if view == "by_document" and cell["undefined"] else ""
    return f"{cell['n']}{left_out}"


def _covered(run: RunFiles, name: str) -> str:
    cell = run.summary["after"]["coverage"].get(name)
    return f"{cell['scored']} of {cell['rows']}" if cell else ""


def _bounds(cell: Mapping[str, float | None]) -> str:
    return f"{number(cell['low'])} to {number(cell['high'])}"
