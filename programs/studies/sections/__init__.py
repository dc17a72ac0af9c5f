"""The sections of a study's tables.md and page, in their order.

A section is one module with one function, `section(task: Comparison) -> Section`: words, tables and figures. Another
one is a module beside these and a word in `SECTIONS`; its numbers belong in a `table_*.py` and in `Comparison.lines`.
"""

from collections.abc import Callable

from programs.reports.parts import Section
from programs.studies.comparison import Comparison
from programs.studies.sections import (
    ablation,
    agreement,
    ceiling,
    costs,
    coverage,
    dilution,
    disagreement,
    gates,
    interference,
    lengths,
    objectives,
    rubrics,
    trajectories,
)

SECTIONS: tuple[Callable[[Comparison], Section], ...] = (
    ablation.section,
    agreement.section,
    ceiling.section,
    trajectories.section,
    objectives.section,
    dilution.section,
    interference.section,
    lengths.section,
    rubrics.section,
    disagreement.section,
    gates.section,
    costs.section,
    coverage.section,
)


BY_STEP = (trajectories.section, objectives.section, lengths.section, gates.section)
"""They tell of the steps of modes: a study of peers alone has none."""


def sections_of(task: Comparison) -> list[Section]:
    """All sections of a task."""
    tested = any(len(one.steps) > 1 for one in task.stepwise)  # arms need not be, between their start and their end
    left_out = {
        *(() if task.stepwise else BY_STEP),
        *(() if tested else (trajectories.section, objectives.section)),
        *(() if task.arms else (ablation.section,)),
    }
    return [section(task) for section in SECTIONS if section not in left_out]
