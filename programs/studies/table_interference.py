"""Table 2: what joining the best single rubrics costs, who hurts whom, and whether length has a part in it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metrics.detectable import detectable
from metrics.tokens import TOKENIZER
from programs.reports.table import Table
from programs.studies.lines import Line, cell_fields, covered
from programs.studies.markdown import NONE, cell, number

Record = Mapping[str, Any]
"""One experiment of interference.json (see `programs.studies.interference.measure`)."""

ARMS = {
    "initial": ("initial rubrics, joined", "0.284"),
    "initial_alone": ("initial rubrics, each alone", NONE),
    "alone": ("best single rubrics, each alone", "0.305"),
    "joined": ("the same joined", "0.220"),
    "among_short": ("each among the others' initial rubrics", NONE),
}
"""Arm -> how the table calls it, and the paper's mean Spearman of it (SummEval, pooled, selected on its test rows)."""

DIFFERENCES = {
    "joined_minus_alone": ("joined minus alone", "-0.085"),
    "joined_minus_initial": ("joined minus initial joined", "-0.064"),
    "alone_minus_initial": ("alone minus initial joined", "0.021"),
    "initial_minus_initial_alone": ("initial: joined minus alone", NONE),
    "joined_minus_among_short": ("others selected minus others initial", NONE),
}

SELECTED_BY = {
    "validation": "Rubrics are selected on validation rows, and reported on rows that none of their runs trained or "
    "validated on.",
    "test": "The paper's way: rubrics are selected on the very rows that are reported, so alone is biased upward.",
}

FALSE_SHARE = 0.05
"""Pairs with a q below it are marked: of all so marked, 5 % are expected to be chance."""


def lines(records: Sequence[Record]) -> Iterator[Line]:
    """Every number, under the table `interference_validation` or `interference_test`."""
    for record in records:
        own = (f"interference_{record['selection']}", record["task"], record["mode"], record["gate"])
        for what, found in {**record["arms"], **record["differences"]}.items():
            for view in ("pooled", "by_document"):
                for metric, cells in found[view].items():
                    for name, one in cells.items():
                        filled = {**_filled(what, one), **covered(found["coverage"], name)}
                        yield Line(*own, view=view, criterion=name, metric=metric, **filled)
        for name, one in (record["pairs"] or {}).items():
            yield Line(*own, view="pooled", criterion=name, metric=record["metric"], **_filled("pair", one))
            for what in ("p", "q"):
                if what in one:
                    yield Line(*own, criterion=name, metric=record["metric"], what=f"pair_{what}", value=one[what])
        for name, one in (record["length"] or {}).items():
            yield Line(*own, metric=record["metric"], **cell_fields(f"others_length_{name}", one))
        for name, chosen in record["selected"].items():
            for what in ("tokens", "initial_tokens", "others_tokens", "others_initial_tokens", "step", "value"):
                yield Line(*own, chosen["seed"], criterion=name, what=f"selected_{what}", value=chosen[what])


def reading(record: Record) -> str:
    """What was done, on which rows."""
    rows = record["rows"]
    sources = f" of {rows['documents']} documents" if rows["documents"] is not None else ""
    return (
        f"{SELECTED_BY[record['selection']]} {rows['used']} rows{sources} (among "
        f"{rows['untouched']} untouched ones), rubrics from seeds {', '.join(map(str, record['seeds']))}. Selection by "
        f"{record['metric']}; its value where rubrics were selected lies {number(record['optimism'])} above that on "
        "these rows."
    )


def arms(record: Record) -> Table:
    """Agreement of every prompt, pooled and within documents, beside the paper's."""
    metric, rows = record["metric"], []
    for name, (text, paper) in ARMS.items():
        found = record["arms"][name]
        pooled, within = (found[view][metric]["mean"] for view in ("pooled", "by_document"))
        inner = cell(within) if within["n"] else NONE
        coverage = found["coverage"].values()
        covers = f"{sum(one['scored'] for one in coverage)}/{sum(one['rows'] for one in coverage)}"
        rows.append([text, cell(pooled), inner, str(pooled["n"]), covers, paper])
    header = ["prompt", f"{metric}, pooled", "mean over documents", "n", "coverage", "paper's spearman (SummEval)"]
    return Table.of(f"Table 2: rubrics alone and joined, {named(record)}", header, rows)


def differences(record: Record) -> Table:
    """Paired differences between the prompts, by criterion."""
    metric, names, rows = record["metric"], list(record["selected"]), []
    for name, (text, paper) in DIFFERENCES.items():
        found = record["differences"][name]["pooled"][metric]
        smallest = detectable(found["mean"])
        own = [cell(found["mean"]), NONE if smallest is None else number(smallest), str(found["mean"]["n"])]
        rows.append([text, *own, *(cell(found[each]) for each in names), paper])
    caption = f"Paired differences, {named(record)} (negative: joining makes it worse, where more is better)"
    return Table.of(caption, [f"{metric}, pooled", "mean", "detectable", "n", *names, "paper's mean"], rows)


def selected(record: Record) -> Table:
    """Which rubrics were selected, and how long they are."""
    rows = [
        [
            name,
            str(one["seed"]),
            f"{one['step']} (of {one['among']} rubrics)",
            f"{number(one['value'])} on {one['rows']} rows",
            f"{one['initial_tokens']} -> {one['tokens']}",
            f"{one['others_initial_tokens']} -> {one['others_tokens']}",
        ]
        for name, one in record["selected"].items()
    ]
    header = ["criterion", "seed", "step", f"{record['metric']} at selection", "tokens", "others' tokens"]
    caption = f"The selected rubrics, in {TOKENIZER} tokens, {named(record)}; values at selection are biased upward"
    return Table.of(caption, header, rows)


def pairs(record: Record) -> Table:
    """Who hurts whom: the K x K matrix."""
    names, found = list(record["selected"]), record["pairs"]
    rows = [[a, *(NONE if a == b else _pair(found[f"{a}|{b}"]) for b in names)] for a in names]
    caption = (
        f"Who hurts whom, {named(record)}: the change of {record['metric']} (negative is a loss) on the criterion of "
        "the row when that of the column stands in the same prompt, against alone"
    )
    return Table.of(caption, ["on / beside", *names], rows)


def reading_pairs(record: Record) -> list[str]:
    """How sure the matrix is, and what length has to do with it."""
    names, found, length = list(record["selected"]), record["pairs"], record["length"]
    every = [one for name, one in found.items() if name != "mean"]
    untested = sum(one["q"] is None for one in every)
    smallest = [least for one in every if (least := detectable(one)) is not None]
    return [
        f"Mean over the {len(every)} pairs {cell(found['mean'])}. *: q below {FALSE_SHARE:g} by Benjamini and "
        f"Hochberg over all pairs ({untested} without a p-value are left out), from two-sided t tests whose standard "
        "errors resample documents (leave out one at a time below 30); the intervals are each by itself. "
        f"Detectable in a single pair: {_range(smallest)}.",
        "Loss of agreement per 100 tokens of the other's rubric, within each criterion: "
        f"{cell(length['slope'])}, correlation {cell(length['correlation'])} (n {length['slope']['n']} pairs of "
        f"{len(names)} lengths; the intervals resample documents, and hold for these rubrics).",
    ]


def named(record: Record) -> str:
    """Which experiment it is, in captions."""
    return f"gate {record['gate']}, selection on {record['selection']} rows"


def _pair(one: Mapping[str, Any]) -> str:
    return cell(dict(one)) + (" *" if one["q"] is not None and one["q"] < FALSE_SHARE else "")


def _range(values: Sequence[float]) -> str:
    return f"{number(min(values))} to {number(max(values))}" if values else NONE


def _filled(what: str, one: Mapping[str, Any]) -> dict[str, Any]:
    smallest = detectable(dict(one)) if what in (*DIFFERENCES, "pair") else None
    return {**cell_fields(what, dict(one)), "detectable": smallest}
