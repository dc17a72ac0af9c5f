"""Gradient dilution: whether feedback is about its criterion, what it suggests, and whether its rater is believed."""

from programs.reports.parts import Part, Section
from programs.studies import table_dilution
from programs.studies.comparison import Comparison

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
    for one in task.dilution:
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
