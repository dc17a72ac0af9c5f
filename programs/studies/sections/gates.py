"""What the gate did with the rewrites, and which steps were kept in the end."""

from collections import Counter
from collections.abc import Mapping, Sequence

from programs.reports.parts import Part, Section
from programs.reports.plot import MEAN, PALETTE
from programs.reports.rubrics import decision_of
from programs.reports.table import Table
from programs.studies.comparison import Comparison
from programs.studies.results import Configuration
from programs.studies.sections.drawing import bars

DECISIONS = ("kept", "rejected", "unchanged")
COLOURS = (PALETTE[2], PALETTE[4], MEAN)


def section(task: Comparison) -> Section:
    whole = all(run.gates for one in task.stepwise for run in one.results)
    absent = "The single decisions are left out: some cells' steps.jsonl are not here."
    return Section("Gates", [*(_decisions(task) if whole else [absent]), _kept_table(task)])


def _decisions(task: Comparison) -> list[Part]:
    counts = [_counts(one) for one in task.stepwise]
    drawn = bars(
        task,
        "gates",
        "Decisions on the rewrites",
        "Every judge head of every step and seed: a joint judge is one head, a separate one is a head a criterion. "
        "Unchanged rewrites said what the rubric said.",
        {name: [each[name] for each in counts] for name in DECISIONS},
        "rewrites",
        COLOURS,
        task.stepwise,
    )
    rows = [_row(one, each) for one, each in zip(task.stepwise, counts, strict=True)]
    header = ("mode", "gate", *DECISIONS, "share kept of those that changed", "rubrics refused by guards")
    return [drawn, Table.of("Decisions on the rewrites, over all steps and seeds", header, rows)]


def _counts(one: Configuration) -> Counter[str]:
    return Counter(
        decision_of(verdict) for run in one.results for verdicts in run.gates.values() for verdict in verdicts
    )


def _row(one: Configuration, counts: Mapping[str, int]) -> Sequence[str]:
    decided = counts["kept"] + counts["rejected"]
    share = f"{counts['kept'] / decided:.2f}" if decided else "undefined"
    refused = sum(sum(run.summary.get("refused", {}).values()) for run in one.results)
    return [one.mode, one.gate, *(str(counts[name]) for name in DECISIONS), share, str(refused)]


def _kept_table(task: Comparison) -> Table:
    rows = [[one.mode, one.gate, *(_steps(one, name) for name in task.criteria)] for one in task.stepwise]
    caption = "The step whose rubric was kept, by seed (0: the initial rubric)"
    return Table.of(caption, ("mode", "gate", *task.criteria), rows)


def _steps(one: Configuration, name: str) -> str:
    return ", ".join(str(run.kept[name]) if name in run.kept else "unknown" for run in one.results)
