"""A figure of a page: plotly's data as safe JSON, with words beside it. Colours hold on white and on black."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from programs.reports.table import Table

PALETTE = ("#2f7fd1", "#d1661f", "#1f9b6e", "#b356b8", "#c9484f", "#8a7a1e", "#5b78c9")
"""Each has a contrast of at least 3.5 with the page, light and dark."""

MEAN = "#7d7f86"
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon", "hexagon", "star")
DASHES = ("solid", "dash", "dot", "dashdot")

HEIGHT = 380

LEGEND = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
"""Under the figure, in as many rows as its width needs."""

LABEL = 28
"""Characters of a label in a figure; tables show it whole."""


@dataclass(frozen=True)
class Figure:
    """`json` is what `Plotly.newPlot` draws; `table` says the same to those who do not see it."""

    name: str
    title: str
    caption: str
    json: str
    table: Table
    height: int = HEIGHT


def figure(
    name: str, title: str, caption: str, traces: Sequence[Any], table: Table, height: int = HEIGHT, **layout: Any
) -> Figure:
    """A figure of these traces. Names in it must have gone through `plain`."""
    from plotly.io.json import to_json_plotly  # heavy; escapes <, > and /, so that no text can end a script

    drawn = {"data": list(traces), "layout": {**_layout(height), **layout}}  # go.Figure would take a second a page
    return Figure(name, title, caption, str(to_json_plotly(drawn)), table, height)


def plain(text: str) -> str:
    """Text for a label, cut to what fits on a small screen: plotly reads some tags in labels, and resolves entities."""
    return html.escape(text if len(text) <= LABEL else text[:LABEL] + "\N{HORIZONTAL ELLIPSIS}", quote=False)


def look(place: int) -> dict[str, Any]:
    """Line and marker of the criterion at a place: colour, dash and symbol all differ."""
    colour = PALETTE[place % len(PALETTE)]
    return {
        "line": {"color": colour, "width": 2, "dash": DASHES[place % len(DASHES)]},
        "marker": {"color": colour, "size": 8, "symbol": SYMBOLS[place % len(SYMBOLS)]},
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title, "standoff": 8}, "automargin": True, "zeroline": False, **more}


def step_axis(steps: int) -> dict[str, Any]:
    """Whole steps, at most about ten ticks; some room at both ends for markers."""
    return axis("step", dtick=max(1, round(steps / 10)), tick0=0, range=[-0.3, max(steps, 1) + 0.3])


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 48, "r": 12, "t": 12, "b": 48},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": MEAN},
        "legend": LEGEND,
        "hovermode": "closest",
        "dragmode": False,  # else a finger that scrolls the page would zoom
    }
