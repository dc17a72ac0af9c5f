"""The tables of a comparison, for the screen and the page alike."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from programs.applying.comparing.costs import JUDGEMENTS
from programs.applying.comparing.findings import Entry, Findings, Pair, shortened
from programs.records.prices import Price
from programs.report_tables import cell_text, short
from programs.reports.table import Table, number, score

UNITS = {"pooled": "pooled over the rows", "by_document": "mean over documents"}
COUNTED = {"pooled": "rows", "by_document": "documents"}
WIDTH = 60
"""Characters of a row's text in a table."""


def judges_table(found: Findings) -> Table:
    """Who is compared."""
    header = ("judge", "what it is", "LM", "readout", "its scores")
    rows = [(entry.name, entry.what, entry.lm, entry.readout, entry.origin) for entry in found.entries]
    return Table.of("The judges", header, rows)


def agreement_table(found: Findings, view: str) -> Table:
    """Every judge's own value, on all rows that it scored."""
    values = found.values[view]
    rows = [[name, *(cell_text(cells[name]) for cells in values)] for name in values[0]]
    title = f"{found.question.metric}, {UNITS[view]}, with 95 % intervals"
    return Table.of(title, ("criterion", *(entry.name for entry in found.entries)), rows)


def difference_table(found: Findings, pair: Pair, view: str) -> Table:
    """Candidate minus reference on the rows that both scored, and what that shows."""
    margin = f"{found.question.margin:g}"
    header = (
        "criterion", "paired difference", "detectable", COUNTED[view], "p", "p (Holm)",
        f"p of a loss of {margin} (Holm)", "verdict",
    )  # fmt: skip
    rows = [
        [
            name,
            cell_text(cell),
            number(cell["detectable"], ""),
            str(cell["n"]),
            *(p_text(cell[key]) for key in ("p", "p_holm", "p_not_worse_holm")),
            cell["verdict"],
        ]
        for name, cell in pair.views[view].items()
    ]
    title = f"{pair.candidate.name} minus {pair.reference.name}: {found.question.metric}, {UNITS[view]}"
    return Table.of(title, header, rows)


def coverage_table(found: Findings) -> Table:
    """Rows that got a score from each judge, and from all."""
    scored = [entry.scores.scored for entry in found.entries]
    everybody = np.logical_and.reduce(scored)
    rows = [
        [criterion.name, *(str(int(each[:, column].sum())) for each in (*scored, everybody))]
        for column, criterion in enumerate(found.criteria)
    ]
    header = ("criterion", *(entry.name for entry in found.entries), "all of them")
    return Table.of(f"Coverage: rows with a score, of {len(found.field.rows)}", header, rows)


def apart_table(found: Findings) -> Table:
    """The rows where the judges differ most."""
    last = found.field.task.inputs[-1]
    rows = [
        [
            str(found.field.rows[place]["row_id"]),
            share_text(spread),
            *(_scores(found, place, column) for column in range(len(found.criteria))),
            shortened(str(found.field.rows[place][last.name]), WIDTH),
        ]
        for place, spread in found.apart
    ]
    judges = " ".join(entry.name for entry in found.entries)
    title = f"Where they differ most, in shares of the scales (raters | {judges})"
    return Table.of(title, ("row", "apart", *(each.name for each in found.criteria), last.label), rows)


def row_table(found: Findings, place: int) -> Table:
    """One row's scores, a line a criterion."""
    rows = [
        [
            criterion.name,
            score(found.field.rows[place][criterion.name]),
            *(score(_known(entry, place, column)) for entry in found.entries),
        ]
        for column, criterion in enumerate(found.criteria)
    ]
    header = ("criterion", "raters", *(entry.name for entry in found.entries))
    return Table.of(f"Scores of row {found.field.rows[place]['row_id']}", header, rows)


def cost_table(found: Findings) -> Table:
    """What 1,000 judgements take."""
    header = (
        "judge", "LM calls", "prompt tokens", "reply tokens", "measured on", "USD", "USD per million tokens",
        "seconds", "seconds measured",
    )  # fmt: skip
    return Table.of(f"Per {JUDGEMENTS:,} judgements (rows on all criteria)", header, map(_cost, found.entries))


def p_text(p: float | None) -> str:
    """`.034`, `<.001`; nothing where there is none."""
    if p is None:
        return ""
    return "<.001" if p < 0.001 else short(p)


def share_text(share: float) -> str:
    """`46 %`."""
    return f"{100 * share:.0f} %"


def headline(found: Findings, pair: Pair) -> str:
    """What one pair shows, over all shared criteria."""
    places = [found.entries.index(entry) for entry in (pair.candidate, pair.reference)]
    candidate, reference = (cell_text(found.values["pooled"][place]["mean"]) for place in places)
    cell = pair.views["pooled"]["mean"]
    return (
        f"{pair.candidate.name} against {pair.reference.name}: {cell['verdict']}{_within(found, cell)}. "
        f"{found.question.metric}, mean over criteria, pooled over {cell['n']} rows: {candidate} against {reference}, "
        f"paired difference {cell_text(cell)}."
    )


def _within(found: Findings, cell: Mapping[str, Any]) -> str:
    if cell["verdict"] in ("not worse", "worse, within the margin"):
        return f" (margin {found.question.margin:g})"
    if cell["verdict"] == "not distinguishable" and cell["detectable"] is not None:
        return f" (smallest detectable difference {short(cell['detectable'])})"
    return ""


def _scores(found: Findings, place: int, column: int) -> str:
    rated = found.field.rows[place][found.criteria[column].name]
    judged = (_known(entry, place, column) for entry in found.entries)
    return f"{score(rated)} | {' '.join('-' if each is None else score(each) for each in judged)}"


def _known(entry: Entry, place: int, column: int) -> float | None:
    found = entry.scores.judge[place, column]
    return None if np.isnan(found) else float(found)


def _cost(entry: Entry) -> list[str]:
    cost, unknown = entry.cost, "unknown" if entry.cost.calls is None else "not measured"
    tokens = [unknown if each is None else f"{each:,.0f}" for each in (cost.prompt_tokens, cost.completion_tokens)]
    price = _price(cost.price, cost.priced) if cost.price else ""
    return [
        entry.name,
        unknown if cost.calls is None else f"{cost.calls:,.0f}",
        *tokens,
        f"{cost.measured} replies" if cost.measured else "",
        _usd(entry, unknown),
        price,
        unknown if cost.seconds is None else f"{cost.seconds:,.0f}",
        cost.timed,
    ]


def _price(price: Price, source: str) -> str:
    return f"{price.prompt * 1e6:g} and {price.completion * 1e6:g} ({source})"


def _usd(entry: Entry, unknown: str) -> str:
    cost = entry.cost
    if cost.usd is not None:
        return f"{cost.usd:,.2f}" if cost.usd >= 1 else f"{cost.usd:.4f}"
    return unknown if cost.prompt_tokens is None else "give --price-in, --price-out"
