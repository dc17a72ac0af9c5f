"""Whether rated rows are known to the run whose judge they are to evaluate."""

from collections.abc import Sequence
from pathlib import Path

import dspy

from programs.applying.comparing.field import seer_of
from programs.applying.comparing.past_run import PastRun
from programs.errors import UserError
from programs.records.folder import RunFolder
from programs.tasks.splits import data_hash


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
