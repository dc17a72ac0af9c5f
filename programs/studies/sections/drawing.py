"""The figures that sections share: lines by step with one figure a gate, intervals and bars by configuration.

A mode has one colour on the whole page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from metrics.summary import Cell
from programs.report_tables import cell_text
from programs.reports.plot import LEGEND, MEAN, PALETTE, Figure, axis, figure, look, plain, step_axis
from programs.reports.table import Table
from programs.reports.traces import dots, error_bars
from programs.studies.comparison import Comparison
from programs.studies.markdown import NONE
from programs.studies.results import Configuration

Steps = Mapping[int, Cell]
"""Step -> the value after it."""

APART = 0.07
"""How far the lines of two modes are moved apart, in steps, so that their intervals do not cover each other."""

LABEL = 16
"""Characters of a configuration beside a bar: labels must leave room for the bars on a small screen."""


def bare(value: float | None) -> Cell:
    """A value without an interval."""
    return {"value": value, "low": None, "high": None, "n": 0, "undefined": 0}


def label(task: Comparison, one: Configuration) -> str:
    """The mode, with the gate where the study has several."""
    return one.mode if len(task.gates) == 1 else f"{one.mode}, {one.gate}"


def by_step(
    task: Comparison, name: str, title: str, values: Sequence[Steps], unit: str, level: Cell | None = None
) -> list[Figure]:
    """One figure a gate on one scale, a line a mode; `values` go with the configurations, `level` is drawn across."""
    last = max((step for each in values for step in each), default=0)
    span = _span([*values, {0: level}] if level else values)
    drawn = []
    gates = list(dict.fromkeys(one.gate for one in task.stepwise))
    for place, gate in enumerate(gates):
        own = [(one.mode, found) for one, found in zip(task.stepwise, values, strict=True) if one.gate == gate]
        gated = title if len(gates) == 1 else f"{title} (gate {gate})"
        traces = [_line(task, mode, found, count) for count, (mode, found) in enumerate(own)]
        drawn.append(
            figure(
                f"{task.task}-{name}-{place}", gated, "", [*_level(level, last), *traces],
                _step_table(gated, own, last), height=360, xaxis=step_axis(last), yaxis=axis(unit, range=span),
            )
        )  # fmt: skip
    return drawn


def forest(task: Comparison, name: str, title: str, caption: str, parts: Mapping[str, Sequence[Cell | None]]) -> Figure:
    """Values with intervals, a row a configuration, and a line at zero; `parts` are drawn one beside the other."""
    labels = [label(task, one) for one in task.configurations]
    looks = ((PALETTE[0], "diamond", -0.13), (MEAN, "circle", 0.13))
    traces = [
        dots([bare(None) if cell is None else cell for cell in cells], plain(part), *chosen)
        for chosen, (part, cells) in zip(looks, parts.items(), strict=False)
    ]
    rows = [
        [text, *(NONE if cell is None else cell_text(cell) for cell in cells)]
        for text, *cells in zip(labels, *parts.values(), strict=True)
    ]
    zero = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": MEAN, "width": 1}}
    return figure(
        f"{task.task}-{name}", title, caption, traces, Table.of(title, ("configuration", *parts), rows),
        height=130 + 34 * len(labels), xaxis=axis("difference"), yaxis=_rows(labels), shapes=[zero],
    )  # fmt: skip


def bars(
    task: Comparison,
    name: str,
    title: str,
    caption: str,
    parts: Mapping[str, Sequence[float]],
    unit: str,
    colours: Sequence[str] = PALETTE,
    shown: Sequence[Configuration] | None = None,
) -> Figure:
    """Stacked bars, one a configuration (of those `shown`, else of all); `parts` -> the length of its piece in each."""
    labels = [label(task, one) for one in (task.configurations if shown is None else shown)]
    traces = [
        {
            "type": "bar", "orientation": "h", "x": list(values), "y": [-place for place in range(len(labels))],
            "name": plain(part), "marker": {"color": colours[place % len(colours)]}, "hovertemplate": "%{x:,}",
        }
        for place, (part, values) in enumerate(parts.items())
    ]  # fmt: skip
    rows = [[text, *(f"{value:,}" for value in values)] for text, *values in zip(labels, *parts.values(), strict=True)]
    return figure(
        f"{task.task}-{name}", title, caption, traces, Table.of(title, ("configuration", *parts), rows),
        height=130 + 30 * len(labels), barmode="stack", bargap=0.3,
        legend={**LEGEND, "traceorder": "normal"}, xaxis=axis(unit), yaxis=_rows(labels),
    )  # fmt: skip


def _rows(labels: Sequence[str]) -> dict[str, Any]:
    short = [text if len(text) <= LABEL else text[:LABEL] + "\N{HORIZONTAL ELLIPSIS}" for text in labels]
    ticks = {"tickvals": [-place for place in range(len(labels))], "ticktext": [plain(text) for text in short]}
    return axis("", range=[-len(labels) + 0.4, 0.6], showgrid=False, ticklabelstandoff=6, **ticks)


def _line(task: Comparison, mode: str, found: Steps, place: int) -> dict[str, Any]:
    known = {step: cell for step, cell in found.items() if cell["value"] is not None}
    chosen = look(task.modes.index(mode))
    moved = APART * (place - (len(task.modes) - 1) / 2)
    return {
        "type": "scatter", "mode": "lines+markers", "name": plain(mode), **chosen,
        "x": [step + moved for step in found], "y": [cell["value"] for cell in found.values()],
        "text": [plain(f"{mode}, step {step}: ") + cell_text(cell) for step, cell in found.items()],
        "hoverinfo": "text",
        **({"error_y": error_bars(list(found.values()), chosen["line"]["color"])} if known else {}),
    }  # fmt: skip


def _level(level: Cell | None, last: int) -> list[dict[str, Any]]:
    if level is None or level["value"] is None:
        return []
    return [
        {
            "type": "scatter", "mode": "lines", "x": [-0.3, last + 0.3], "y": [level["value"]] * 2, "hoverinfo": "skip",
            "line": {"color": MEAN, "width": 2}, "name": "initial",
        }
    ]  # fmt: skip


def _step_table(caption: str, own: Sequence[tuple[str, Steps]], last: int) -> Table:
    steps = [step for step in range(last + 1) if any(step in found for _, found in own)]
    rows = [[mode, *(cell_text(found[step]) if step in found else NONE for step in steps)] for mode, found in own]
    return Table.of(caption, ("mode", *(f"step {step}" for step in steps)), rows)


def _span(values: Sequence[Steps]) -> list[float] | None:
    """The range of all values and intervals, with some room; None leaves it to the figure."""
    cells = [cell for each in values for cell in each.values()]
    ends = [end for cell in cells for name in ("value", "low", "high") if (end := cell[name]) is not None]
    if not ends:
        return None
    room = 0.05 * (max(ends) - min(ends)) or 0.05
    return [min(ends) - room, max(ends) + room]
