"""What a study found of one task, in plain sentences made from its numbers, beside the paper's (PAPER results)."""

from collections.abc import Iterator

from metrics.detectable import POWER_FACTOR, detectable
from programs.diagnostics.calibrate import PARTS
from programs.diagnostics.verdicts import verdict
from programs.reports.agreement import reading
from programs.studies import overview, table_one
from programs.studies.comparison import Comparison
from programs.studies.markdown import cell, number
from programs.studies.table_dilution import CONTENT, FOCUS, Dilution
from programs.studies.table_interference import Record

METRIC = table_one.SHOWN[0]

PAPER = (
    "The paper (SummEval): joint initial prompt .284, 6 of 10 configurations never beat it; specificity 9.0 for "
    "separate notes and 3.7 for joint ones; best single rubrics .305 alone and .220 joined, selected on its test rows."
)


def findings(task: Comparison) -> list[str]:
    """One sentence or two a question; a question that nobody asked says how to ask it."""
    return [overview.headline(task), *_noise(task), *_dilution(task), *_interference(task), PAPER]


def _noise(task: Comparison) -> Iterator[str]:
    found = [one.against_initial.cells[METRIC]["mean"] for one in task.compared if one.against_initial is not None]
    smallest = [least for each in found if (least := detectable(each)) is not None]
    if smallest:
        yield (
            f"What is noise: a difference from the joint initial prompt below {_between(smallest)} cannot be told from "
            f"zero here, and a true one must be {POWER_FACTOR:.2f} times as large to be found in four of five such "
            "studies."
        )
    else:
        yield "What is noise cannot be said: no difference from the joint initial prompt has an interval."


def _dilution(task: Comparison) -> Iterator[str]:
    if not task.dilution:
        yield "Gradient dilution has not been measured here (programs/diagnose.py)."
    for one in task.dilution:
        yield _of_rater(one)


def _of_rater(one: Dilution) -> str:
    failed = [part for part in PARTS if verdict(one.calibration, part) == "failed"]
    trusted = (
        "passed its whole calibration on planted notes"
        if not failed
        else (
            f"failed its calibration on planted notes in {', '.join(failed)}, so that none of those numbers is reported"
        )
    )
    titles = {**FOCUS, **CONTENT}
    compared = "; ".join(f"{titles[name]} {cell(found)}" for name, found in one.difference.items())
    rest = f" Separate minus joint: {compared}." if compared else ""
    return f"Gradient dilution, rated by {one.rater}: the rater {trusted}.{rest}"


def _interference(task: Comparison) -> Iterator[str]:
    if not task.interference:
        yield "Instruction interference has not been measured here (programs/interference.py)."
    for record in task.interference:
        yield _of_experiment(record)


def _of_experiment(record: Record) -> str:
    metric = record["metric"]
    alone, joined = (record["arms"][name]["pooled"][metric]["mean"] for name in ("alone", "joined"))
    change = record["differences"]["joined_minus_alone"]["pooled"][metric]["mean"]
    smallest = detectable(change)
    least = "" if smallest is None else f" (below {number(smallest)} it could not be told from zero)"
    return (
        f"Instruction interference, rubrics selected on {record['selection']} rows: {metric} {cell(alone)} with each "
        f"rubric alone, {cell(joined)} joined; joined minus alone {cell(change)}: {reading(change, metric)}{least}."
    )


def _between(values: list[float]) -> str:
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"
