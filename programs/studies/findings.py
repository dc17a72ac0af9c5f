"""What a study found of one task, in plain sentences made from its numbers, beside the paper's (PAPER results)."""

from collections.abc import Iterator, Mapping, Sequence

from metrics.detectable import POWER_FACTOR, detectable
from metrics.summary import Cell
from programs.diagnostics.calibrate import PARTS
from programs.diagnostics.verdicts import verdict
from programs.reports.agreement import TITLES, reading
from programs.studies import overview
from programs.studies.comparison import Comparison
from programs.studies.markdown import cell, number
from programs.studies.resampled import SHOWN
from programs.studies.table_dilution import CONTENT, FOCUS, Dilution
from programs.studies.table_interference import Record

METRIC = SHOWN[0]

PAPER = (
    "The paper (SummEval): joint initial prompt .284, 6 of 10 configurations never beat it; specificity 9.0 for "
    "separate notes and 3.7 for joint ones; best single rubrics .305 alone and .220 joined, selected on its test rows."
)


def findings(task: Comparison) -> list[str]:
    """One sentence or two a question; a question that nobody asked says how to ask it."""
    compared = [*_more(task), *_noise(task)] if task.initial is not None else []
    return [overview.headline(task), *compared, *_dilution(task), *_interference(task), PAPER]


def _more(task: Comparison) -> Iterator[str]:
    """The headline's comparison in the other metrics, and criterion by criterion."""
    for metric in SHOWN:
        if metric != METRIC:
            yield f"In another metric: {overview.standing(task, metric)}"
    single = overview.differences(task, METRIC, task.criteria)
    yield (
        f"Criterion by criterion ({TITLES[METRIC]}, configurations x criteria, each interval by itself): "
        f"{overview.counted(single, METRIC, 'differences')}. Undefined is where a judge gave one score only; a mean "
        "over criteria then is, too, and has no interval where that happens without some one document, or in most "
        "resamples."
    )


def _noise(task: Comparison) -> Iterator[str]:
    for metric in SHOWN:
        for names, what in ((["mean"], "the mean over criteria"), (task.criteria, "a single criterion")):
            found = [detectable(each) for each in overview.differences(task, metric, names)]
            if smallest := [least for least in found if least is not None]:
                yield (
                    f"What is noise: in {what}, a difference of {TITLES[metric]} below {_between(smallest)} cannot be "
                    f"told from zero here; a true one must be {POWER_FACTOR:.2f} times as large to be found in four of "
                    "five such studies."
                )
                break
        else:
            yield f"What is noise in {TITLES[metric]} cannot be said: no difference has an interval."


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
    alone, joined = (cell(record["arms"][name]["pooled"][metric]["mean"]) for name in ("alone", "joined"))
    changes = record["differences"]["joined_minus_alone"]["pooled"][metric]
    initial = record["differences"]["initial_minus_initial_alone"]["pooled"][metric]["mean"]
    return (
        f"Instruction interference, rubrics selected on {record['selection']} rows: {metric} {alone} with each rubric "
        f"alone, {joined} joined. Joined minus alone: {_change(changes['mean'], metric)}{_single(changes)}. "
        f"The initial rubrics, joined minus alone: {_change(initial, metric)}."
    )


def _change(change: Cell, metric: str) -> str:
    """A difference, what it says, and how small a one could have been told from zero."""
    smallest = detectable(change)
    if change["value"] is None:
        return "undefined"
    least = "" if smallest is None else f" (below {number(smallest)} it could not be told from zero)"
    return f"{cell(change)}: {reading(change, metric)}{least}"


def _single(changes: Mapping[str, Cell]) -> str:
    """The criteria one by one, where their mean says nothing."""
    if changes["mean"]["value"] is not None:
        return ""
    return f" ({', '.join(f'{name} {cell(each)}' for name, each in changes.items() if name != 'mean')})"


def _between(values: Sequence[float]) -> str:
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"
