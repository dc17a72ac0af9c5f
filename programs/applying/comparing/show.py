"""What `compare.py` prints."""

from programs.applying.comparing import tables
from programs.applying.comparing.findings import Findings
from programs.ceiling_tables import show_ceiling
from programs.report_tables import show_calls
from programs.reports.table import Table
from programs.screen import Screen

READING = (
    "Better, worse: the 95 % interval leaves out zero, and p after Holm is under .05. Not worse: they leave out a loss "
    "of {margin:g} or more in the same way (one-sided, 2.5 %). Holm counts the criteria of all pairs together, and the "
    "means of all pairs. Not distinguishable: neither is shown; no difference under `detectable` could have been."
)


def show(found: Findings, screen: Screen) -> None:
    """Notes first, then the tables, then what each pair comes to."""
    for note in found.notes:
        screen.result(note)
    every = [tables.judges_table(found)]
    for view in found.views:
        every.append(tables.agreement_table(found, view))
        every += [tables.difference_table(found, pair, view) for pair in found.pairs]
    every.append(tables.coverage_table(found))
    every += [tables.apart_table(found)] if found.apart else []
    for table in [*every, tables.cost_table(found)]:
        _show(table, screen)
    show_ceiling(found.ceiling, screen)
    if calls := {entry.name: entry.calls for entry in found.entries if entry.calls}:
        show_calls(calls, screen, of="judge")
    screen.result(f"\n{reading(found)}\n")
    for pair in found.pairs:
        screen.result(tables.headline(found, pair))


def reading(found: Findings) -> str:
    """How verdicts come about."""
    return READING.format(margin=found.question.margin)


def _show(table: Table, screen: Screen) -> None:
    screen.table(f"\n{table.caption}", table.header, table.rows)
