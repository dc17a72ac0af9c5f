"""Arms against the initial prompt and against each other's cost: the yardstick of every remedy."""

from programs.reports.parts import Section
from programs.reports.table import Table
from programs.studies import table_ablation
from programs.studies.comparison import Comparison

READING = (
    "Read alike is the joint initial prompt with the arm's own readout and calibration: what is left over it is the "
    "optimizer's; plain is the same prompt read as digits. Intervals resample documents for these seeds, the spread is "
    "over seeds. Search calls are distinct requests without the scorings of test rows; (above) marks more than the "
    "reference's. Tokens are the kept judge's on the test rows, evaluated ones those not found in a prompt cache, "
    "which depends on what was asked before; seconds those of this study's own sessions, so that an arm whose answers "
    "others have paid for looks fast."
)


def section(task: Comparison) -> Section:
    found = task.ablation
    given = [
        (one.mode, " ".join(f"--{name.replace('_', '-')} {value}" for name, value in one.results[0].cell.own))
        for one in task.arms
    ]
    flags = Table.of("The arms' flags, over the study's", ("arm", "flags"), [(name, own or "-") for name, own in given])
    tables = [table_ablation.agreement_table(found), table_ablation.costs_table(found)]
    return Section("Ablation", [*tables, READING, flags])
