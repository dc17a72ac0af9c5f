"""Whether rated rows are known to the judge that they are to evaluate, or to its run."""

from collections.abc import Sequence
from pathlib import Path

import dspy

from programs.applying.comparing.field import seer_of
from programs.applying.comparing.past_run import PastRun
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.records.folder import RunFolder
from programs.tasks.splits import data_hash


def anchor_words(judge: Judge, rows: Sequence[dspy.Example]) -> str:
    """A warning where the judge is shown some of the rows as solved examples; empty else."""
    names = judge.task.input_names
    shown = {tuple(anchor[name] for name in names) for anchor in judge.anchors}
    if not (count := sum(tuple(row[name] for name in names) in shown for row in rows)):
        return ""
    return (
        f"warning: {count} of the {len(rows)} rows are anchors, which the judge is shown with their ratings: give rows "
        "without them"
    )


def seen_words(judge: Path, rows: Sequence[dspy.Example], data: str | None) -> str:
    """A warning where the run has learned from some of the rows, all rows of the table `data`, or nobody can say.

    Empty for other rows, and for a judge without a finished run.
    """
    folder = RunFolder(judge if judge.is_dir() else judge.parent)
    if not folder.config.is_file() or not folder.finished:
        return ""
    try:
        run = PastRun.read(folder)
        saw = seer_of(run, data_hash(rows), data)
    except UserError as error:
        return f"warning: {error}"
    if not (count := sum(map(saw, rows))):
        return ""
    return (
        f"warning: the run has trained or validated on {count} of the {len(rows)} rows, or on others of their "
        "documents: its agreement on new texts may be lower; give rows that it has not seen"
    )
