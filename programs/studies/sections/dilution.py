"""Gradient dilution: whether feedback is about its criterion, what it suggests, and whether its rater is believed."""

from programs.diagnostics.cells import believed
from programs.report_tables import cell_text
from programs.reports.parts import Part, Section
from programs.reports.plot import Figure, axis, figure, look, plain
from programs.reports.table import Table
from programs.reports.traces import error_bars
from programs.studies import table_dilution
from programs.studies.comparison import Comparison
from programs.studies.sections.drawing import bare, label
from programs.studies.table_dilution import Dilution

RATINGS = """\
Specificity is the paper's number: the rater's 1 to 10 for each criterion that a note was written for. A joint note
loses points by construction, so its best criterion stands beside it, and what it gets for other criteria is the chance
level."""

ATTRIBUTION = """\
The rest is blind attribution: a note is split into the suggestions that ask for a change, the criteria's names are
hidden in them, and the rater chooses among the criteria and "none of these". "For a criterion" counts the suggestions
attributed to a note's own criterion with a probability above one half, "criteria covered" is the share of its criteria
that get any; "generic" suggestions are about none, "unclear" ones attributed to none. Blind accuracy (balanced over the
criteria) exists for separate notes only, whose criterion is known. A joint note has no single truth: what it seems to
be about need not be right. Whether a suggestion is any good is in none of these numbers."""

CALIBRATION = """\
A rater that does not order planted notes, whose quality is known, better than chance has failed, and its numbers are
not shown."""


def section(task: Comparison) -> Section:
    if not task.dilution:
        return Section("Gradient dilution", ["No feedback has been rated: programs/diagnose.py does so."])
    parts: list[Part] = [RATINGS, ATTRIBUTION, CALIBRATION]
    for place, one in enumerate(task.dilution):
        parts += _specificity(task, place, one)
        tables = (
            table_dilution.calibration(one),
            table_dilution.differences(one),
            table_dilution.focus(one),
            table_dilution.by_criterion(one),
            table_dilution.content(one),
            table_dilution.blind(one),
        )
        parts += [table for table in tables if table is not None]
    return Section("Gradient dilution", parts)


def _specificity(task: Comparison, place: int, one: Dilution) -> list[Figure]:
    """The paper's Figure 3; none where the rater failed in it."""
    if not believed(one.diagnoses, "specificity"):
        return []
    labels = [label(task, each.configuration) for each in one.diagnosed]
    by_name = {
        name: [each.cells["specificity"].get(name, bare(None)) for each in one.diagnosed] for name in task.criteria
    }
    traces = [
        {
            "type": "scatter", "mode": "markers", "name": plain(name), "marker": look(count)["marker"],
            "x": [row + 0.12 * (count - (len(by_name) - 1) / 2) for row in range(len(labels))],
            "y": [cell["value"] for cell in cells], "error_y": error_bars(cells, look(count)["line"]["color"]),
            "text": [plain(f"{name}: ") + cell_text(cell) for cell in cells], "hoverinfo": "text",
        }
        for count, (name, cells) in enumerate(by_name.items())
    ]  # fmt: skip
    title = f"Specificity by mode and criterion, rated by {one.rater}"
    rows = [[text, *map(cell_text, cells)] for text, *cells in zip(labels, *by_name.values(), strict=True)]
    ticks = {"tickvals": list(range(len(labels))), "ticktext": [plain(text) for text in labels]}
    return [
        figure(
            f"{task.task}-specificity-{place}", title, "1: generic or about other criteria, 10: only about it. 95 % "
            "intervals.", traces, Table.of(title, ("configuration", *by_name), rows),
            xaxis=axis("", **ticks), yaxis=axis("specificity", range=[0.5, 10.5]),
        )
    ]  # fmt: skip
