"""Instruction interference: rubrics that work alone, joined in one prompt, and who hurts whom."""

from typing import Any

from programs.reports.parts import Fold, Heading, Part, Section
from programs.reports.plot import Figure, axis, figure, plain
from programs.reports.table import Table, number
from programs.studies import table_interference
from programs.studies.comparison import Comparison
from programs.studies.table_interference import Record


def section(task: Comparison) -> Section:
    if not task.interference:
        return Section("Instruction interference", ["It has not been measured: programs/interference.py does so."])
    parts: list[Part] = []
    for place, record in enumerate(sorted(task.interference, key=lambda one: one["selection"] == "test")):
        parts += _parts(task, place, record)  # the biased one last
    return Section("Instruction interference", parts)


def _parts(task: Comparison, place: int, record: Record) -> list[Part]:
    named = table_interference.named(record)
    parts: list[Part] = [
        Heading(f"{named[0].upper()}{named[1:]}"),
        table_interference.reading(record),
        table_interference.arms(record),
        table_interference.differences(record),
        table_interference.selected(record),
    ]
    if record["pairs"] is None:
        return parts
    every = Fold("Every pair with its interval", [table_interference.pairs(record)])
    return [*parts, _matrix(task, place, record), every, *table_interference.reading_pairs(record)]


def _matrix(task: Comparison, place: int, record: Record) -> Figure:
    """The pairs as colours: red is a loss, on one scale around zero."""
    names, pairs = list(record["selected"]), record["pairs"]
    values = [[None if a == b else pairs[f"{a}|{b}"]["value"] for b in names] for a in names]
    most = max((abs(value) for row in values for value in row if value is not None), default=0.0) or 1.0
    labels = [plain(name) for name in names]
    trace: dict[str, Any] = {
        "type": "heatmap", "x": labels, "y": labels, "z": values, "zmin": -most, "zmax": most,
        "colorscale": "RdBu", "reversescale": True,
        "texttemplate": "%{z:.2f}", "hovertemplate": "%{y} beside %{x}: %{z:.3f}<extra></extra>",
        "colorbar": {"thickness": 10, "outlinewidth": 0},
    }  # fmt: skip
    rows = [[name, *map(number, row)] for name, row in zip(names, values, strict=True)]
    table = Table.of("Who hurts whom", ("on / beside", *names), rows)
    caption = table_interference.pairs(record).caption
    return figure(
        f"{task.task}-pairs-{place}", "Who hurts whom", caption, [trace], table, height=120 + 56 * len(names),
        xaxis=axis("beside"), yaxis=axis("on", autorange="reversed"),
    )  # fmt: skip
