"""The noise ceiling: how much agreement there can be with a task's raters, and what share of it is reached."""

from programs.reports.parts import Section
from programs.studies import table_ceiling
from programs.studies.comparison import Comparison

UNKNOWN = "Ceiling unknown: no row of the data has the scores of two raters."

READING = (
    "One more rater: each rater's Spearman correlation with the mean of the others. A perfect judge knows what raters "
    "would say on average, and reaches the root of the reliability of the few raters' mean; a share of it estimates "
    "the correlation with ratings without noise. Against the other raters a judge takes each rater's place in turn. "
    "Intervals are for these raters."
)


def section(task: Comparison) -> Section:
    found = task.ceiling
    if not found:
        return Section("Noise ceiling", [UNKNOWN])
    return Section("Noise ceiling", [table_ceiling.limits_table(found), table_ceiling.shares_table(found), READING])
