"""The noise ceiling: how much agreement there can be with a task's raters, and what share of it is reached."""

from programs.reports.ceiling import LIMITS_READING, SHARES_READING
from programs.reports.parts import Section
from programs.studies import table_ceiling
from programs.studies.comparison import Comparison

UNKNOWN = "Ceiling unknown: no row of the data has the scores of two raters."


def section(task: Comparison) -> Section:
    found = task.ceiling
    if not found:
        return Section("Noise ceiling", [UNKNOWN])
    limits, shares = table_ceiling.limits_table(found), table_ceiling.shares_table(found)
    return Section("Noise ceiling", [limits, LIMITS_READING, shares, SHARES_READING])
