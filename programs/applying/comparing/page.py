"""The page of a comparison: the tables of the screen, a figure of the differences, and the rows to look at."""

from collections.abc import Sequence
from pathlib import Path

from programs.applying.comparing import tables
from programs.applying.comparing.findings import Findings
from programs.applying.comparing.show import reading
from programs.records.folder import write_text
from programs.report_tables import cell_text
from programs.reports.agreement import TITLES
from programs.reports.ceiling import ceiling_section
from programs.reports.page import render
from programs.reports.parts import Fold, Heading, Part, Section
from programs.reports.plot import PALETTE, SYMBOLS, Figure, axis, figure, plain
from programs.reports.table import Table
from programs.reports.traces import dots

VIEWS = {"pooled": "Pooled over the rows", "by_document": "Mean over documents"}


def write_page(path: Path, found: Findings) -> None:
    """One file that needs no network. It quotes the texts of the rows where the judges differ most."""
    page = render(
        "compare.html",
        title=" against ".join(entry.name for entry in found.entries),
        headlines=[tables.headline(found, pair) for pair in found.pairs],
        cautions=found.notes,
        reading=reading(found),
        sections=_sections(found),
    )
    write_text(path, page)


def _sections(found: Findings) -> list[Section]:
    views = [Section(VIEWS[view], _of_view(found, view)) for view in found.views]
    rows = Section("Where they differ most", _apart(found))
    judges = Section("The judges", [tables.judges_table(found), tables.coverage_table(found)])
    return [*views, ceiling_section(found.ceiling), rows, Section("Cost", [tables.cost_table(found)]), judges]


def _of_view(found: Findings, view: str) -> list[Part]:
    differences = [tables.difference_table(found, pair, view) for pair in found.pairs]
    return [_figure(found, view), tables.agreement_table(found, view), *differences]


def _figure(found: Findings, view: str) -> Figure:
    """Every pair's differences by criterion, and the margin as a line."""
    names = list(found.pairs[0].views[view])
    called = [f"{pair.candidate.name} minus {pair.reference.name}" for pair in found.pairs]
    lanes = [0.5 * ((place + 0.5) / len(called) - 0.5) for place in range(len(called))]
    traces = [
        dots(list(pair.views[view].values()), plain(name), PALETTE[place % 7], SYMBOLS[place % 7], -lanes[place])
        for place, (pair, name) in enumerate(zip(found.pairs, called, strict=True))
    ]
    loss = -found.question.margin * found.question.of.orientation
    title = f"Paired differences: {TITLES[found.question.metric]}, {tables.UNITS[view]}"
    values = [[name, *(cell_text(pair.views[view][name]) for pair in found.pairs)] for name in names]
    return figure(
        f"differences-{view}",
        title,
        f"With 95 % intervals; dashed is a loss of the margin, {found.question.margin:g}. An interval that holds zero "
        "shows no difference; one that stays on the better side of the dashed line shows that the loss, if any, is "
        "smaller.",
        traces,
        Table.of(title, ("criterion", *called), values),
        height=130 + (30 + 22 * len(called)) * len(names),
        xaxis=axis(found.question.metric.replace("_", " ")),
        yaxis=axis(
            "",
            range=[-len(names) + 0.5, 0.5],
            tickvals=[-place for place in range(len(names))],
            ticktext=[plain(name) for name in names],
        ),
        shapes=[_line(0, "solid"), _line(loss, "dash")],
    )


def _line(x: float, dash: str) -> dict[str, object]:
    line = {"color": "#7d7f86", "width": 1, "dash": dash}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _apart(found: Findings) -> Sequence[Part]:
    if not found.apart:
        return ["No row has different scores."]
    return [
        Fold(
            f"Row {found.field.rows[place]['row_id']}: {tables.share_text(spread)} of the scale apart on average",
            [tables.row_table(found, place), *_texts(found, place)],
        )
        for place, spread in found.apart
    ]


def _texts(found: Findings, place: int) -> list[Part]:
    row = found.field.rows[place]
    return [part for each in found.field.task.inputs for part in (Heading(each.label), str(row[each.name]))]
