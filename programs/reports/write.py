"""report.html in a run's folder, from its files and, where they are at hand, the texts of its rows."""

from collections.abc import Sequence

import dspy

from programs.errors import UserError
from programs.optimizer.tested import row_mark
from programs.records.folder import RunFolder, write_text
from programs.reports.disagreement import Quoted, Texts
from programs.reports.run_files import RunFiles, read_run
from programs.reports.run_page import run_page
from programs.tasks.loading import load_rows
from programs.tasks.source import data_reference
from programs.tasks.splits import data_hash
from programs.tasks.task import Task


def write_report(folder: RunFolder, rows: Sequence[dspy.Example] | None = None) -> None:
    """Writes report.html. Without `rows`, texts are read from the run's data where these are a file that is as it was.

    Raises UserError, naming the file, where the run has not ended or its files are damaged.
    """
    run = read_run(folder)
    texts = texts_of(run.task, _local_rows(run) if rows is None else rows)
    try:
        page = run_page(run, texts)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(
            f"the files of {folder.path} do not fit together ({error!r}): restore them, or remove summary.json and "
            "continue the run with --resume, which repeats no call"
        ) from None
    write_text(folder.report, page)


def texts_of(task: Task, rows: Sequence[dspy.Example]) -> Texts:
    """The rows as a report may quote them, by what scores.json calls them."""
    return {
        row_mark(row["row_id"]): Quoted(str(row["row_id"]), {each.label: str(row[each.name]) for each in task.inputs})
        for row in rows
    }


def _local_rows(run: RunFiles) -> Sequence[dspy.Example]:
    """The run's rows, or none where they cannot be had without a network or are no longer the same."""
    data = run.settings["data"]
    try:
        if data_reference(run.task, data).hub:
            return ()
        rows = load_rows(run.task, data)
    except UserError:
        return ()
    return rows if data_hash(rows) == run.config["data"] else ()
