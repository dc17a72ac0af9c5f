"""The traces of a run's figures, as plain dictionaries: lines by criterion, the gate's decisions, intervals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from programs.report_tables import cell_text
from programs.reports.plot import MEAN, PALETTE, look, plain
from programs.reports.rubrics import decision_of, verdict_of
from programs.reports.run_files import Record, RunFiles

Values = Mapping[str, float | None]


def lines(run: RunFiles, values: Callable[[Record], Values], mean: bool = True) -> list[dict[str, Any]]:
    """One line a criterion, broken where it is undefined, and the mean where all have a value."""
    known = [(step["step"], values(step)) for step in run.steps if values(step)]
    steps = [step for step, _ in known]
    lines = [
        _line(steps, [found.get(name) for _, found in known], plain(title), **look(place))
        for place, (name, title) in enumerate(run.titles.items())
    ]
    if mean and len(run.titles) > 1:
        grey = {"line": {"color": MEAN, "width": 4}, "marker": {"color": MEAN, "size": 6}}
        lines.append(_line(steps, [_mean(run, found) for _, found in known], "mean", **grey))
    return lines


def _line(x: list[int], y: list[float | None], name: str, **style: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "name": name, **style}


def _mean(run: RunFiles, found: Values) -> float | None:
    known = [value for name in run.titles if (value := found.get(name)) is not None]
    return sum(known) / len(known) if len(known) == len(run.titles) else None


def proposals(run: RunFiles, values: Callable[[Record], Values]) -> list[dict[str, Any]]:
    """The gate's decisions at the rewrites' `values`: rings and crosses in the criteria's colours."""
    return [
        _marks(points, decision, symbol, size)
        for decision, symbol, size in (("kept", "circle-open", 16), ("rejected", "x-thin", 9))
        if (points := _decided(run, decision, values))
    ]


def _decided(run: RunFiles, decision: str, values: Callable[[Record], Values]) -> list[tuple[Any, ...]]:
    """Step, value, colour and words of every rubric on whose rewrite the gate decided so."""
    return [
        (step["step"], value, PALETTE[place % len(PALETTE)], plain(f"{title}: {verdict_of(step, name)['reason']}"))
        for step in run.steps
        for place, (name, title) in enumerate(run.titles.items())
        if decision_of(verdict_of(step, name)) == decision and (value := values(step).get(name)) is not None
    ]


def _marks(points: list[tuple[Any, ...]], decision: str, symbol: str, size: int) -> dict[str, Any]:
    x, y, colours, texts = map(list, zip(*points, strict=True))
    marker = {"symbol": symbol, "size": size, "color": colours, "line": {"width": 2, "color": colours}}
    return {
        "type": "scatter", "mode": "markers", "x": x, "y": y, "text": texts, "name": f"rewrite {decision}",
        "marker": marker,
    }  # fmt: skip


def dots(cells: Sequence[Record], name: str, colour: str, symbol: str, offset: float) -> dict[str, Any]:
    """Values with their intervals, one under the other; undefined ones are not drawn."""
    known = [(place, cell) for place, cell in enumerate(cells) if cell["value"] is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [cell["value"] for _, cell in known],
        "y": [offset - place for place, _ in known],
        "text": [f"{name}: {cell_text(cell)}" for _, cell in known],
        "hoverinfo": "text",
        "marker": {"color": colour, "size": 10, "symbol": symbol},
        "error_x": error_bars([cell for _, cell in known], colour),
    }


def error_bars(cells: Sequence[Record], colour: str) -> dict[str, Any]:
    """The intervals of a trace's points; none where there is none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [_reach(cell, "high") for cell in cells],
        "arrayminus": [_reach(cell, "low") for cell in cells],
        "color": colour,
        "thickness": 1.5,
        "width": 3,
    }


def _reach(cell: Record, end: str) -> float:
    return 0.0 if cell[end] is None or cell["value"] is None else abs(cell[end] - cell["value"])
