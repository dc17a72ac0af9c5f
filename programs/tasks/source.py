"""Where a task's rows come from: a file, a data set of the hub, or the task's own data."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from programs.errors import UserError
from programs.tasks.expansion import PlacedRow, expand
from programs.tasks.fields import DataReference
from programs.tasks.hub import read_hub, title
from programs.tasks.tables import READERS, RawRow, stream_table
from programs.tasks.task import TASKS_FOLDER, Task

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(:[\w.-]+)?")


def data_reference(task: Task, data: str | None) -> DataReference:
    """What `--data` names: a file, where there is one or the suffix says so; else `org/name` or `org/name:config`.

    The task's own hub data set keeps the task's config and splits. Raises UserError for what is none of these.
    """
    if data is None:
        if task.data is None:
            raise UserError(f"--data: the task {task.name!r} has no data of its own; name a file or a hub data set")
        return task.data
    if _is_file(data):
        return DataReference(file=str(Path(data).expanduser()))
    if not _HUB_NAME.fullmatch(data):
        raise UserError(f"--data: there is no file {data!r}; a hub data set is written org/name or org/name:config")
    hub, _, config = data.partition(":")
    own = task.data if task.data and task.data.hub == hub else DataReference(hub=hub)
    return DataReference(hub=hub, config=config or own.config, splits=own.splits)


def placed_rows(task: Task, data: str | None) -> tuple[str, list[PlacedRow]]:
    """What to call the data in error messages, and their rows, the task's lists unfolded."""
    where, rows = streamed_rows(task, data)
    return where, list(rows)


def streamed_rows(task: Task, data: str | None) -> tuple[str, Iterator[PlacedRow]]:
    """The same, the rows one by one and read from a file only when they are wanted."""
    reference = data_reference(task, data)
    if reference.hub:
        where = f"hub data set {title(reference)}"
        rows: Iterable[RawRow] = read_hub(reference)
    else:
        path = TASKS_FOLDER / reference.file if data is None else Path(reference.file)  # the task's own lies beside it
        where, rows = str(path), stream_table(path)
    return where, expand(rows, task.expand, where, task.position)


def _is_file(data: str) -> bool:
    try:
        return bool(data) and (Path(data).suffix.lower() in READERS or Path(data).expanduser().exists())
    except (OSError, RuntimeError):  # longer than any path may be; ~name of an unknown user
        return False
