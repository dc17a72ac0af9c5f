"""A run as its files tell it: everything that a report may say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from programs.errors import UserError
from programs.optimizer.saved import load_judge
from programs.optimizer.tested import Tested, read_tested
from programs.records.folder import RunFolder, read_json, read_lines
from programs.tasks.task import Task
from signatures.records import Group, Rubric

Record = Mapping[str, Any]


@dataclass(frozen=True)
class RunFiles:
    """What config, steps, summary, scores and timing hold, and the kept judge's rubrics, by criterion (`final`).

    `scores`, and the same as arrays in `tested`, are empty for runs older than that file. The last step may lack in
    `steps`: its test may have been stopped.

    A record of `scores` is a test row: its `row` mark, and `human`, `before` and `after` by criterion (None: unscored).
    """

    path: Path
    config: Record
    task: Task
    summary: Record
    steps: Sequence[Record]
    scores: Sequence[Record]
    timing: Record
    final: Rubric
    tested: Tested | None = None

    @property
    def settings(self) -> Record:
        return self.config["settings"]

    @cached_property
    def titles(self) -> dict[str, str]:
        """Criterion -> how people call it; `mean` for the mean over criteria."""
        return {criterion.name: criterion.title for criterion in self.task.criteria}

    @property
    def metric(self) -> str:
        """The metric that gate and choice looked at."""
        gate = str(self.settings["gate"])
        return "spearman" if gate == "none" else gate

    @cached_property
    def kept(self) -> dict[str, int]:
        """Criterion -> the step whose rubric was kept (0: the initial one)."""
        return {name: int(head["step"]) for head in self.summary["kept"] for name in head["group"]}

    @cached_property
    def initial(self) -> dict[str, str]:
        """Criterion -> the rubric that the run began with."""
        return {criterion.name: criterion.initial_rubric for criterion in self.task.criteria}

    def words(self, group: Group | Sequence[str]) -> str:
        """A group's criteria, as people call them."""
        return ", ".join(self.titles[name] for name in group)


def read_run(folder: RunFolder) -> RunFiles:
    """The files of an ended run. Raises UserError, naming the file, where it has not ended or one is damaged."""
    if not folder.summary.exists():
        raise UserError(f"{folder.summary} does not exist: the run has not ended; continue it with --resume")
    config, summary = _record(folder.config), _record(folder.summary)
    return RunFiles(
        path=folder.path,
        config=config,
        task=Task.from_dict(config.get("task") or {}, str(folder.config)),
        summary=summary,
        steps=read_lines(folder.steps),
        scores=_score_records(read_json(folder.scores), folder.scores) if folder.scores.exists() else (),
        timing=_record(folder.timing) if folder.timing.exists() else {},
        final=load_judge(folder.judge).rubric,
        tested=read_tested(folder.scores) if folder.scores.exists() else None,
    )


def _record(path: Path) -> dict[str, Any]:
    found = read_json(path)
    if not isinstance(found, dict):
        raise UserError(f"{path} is damaged: it holds no object; restore it, or start a new run")
    return found


def _score_records(found: Any, path: Path) -> list[Record]:
    """scores.json by row: the initial and the kept judge beside the raters."""
    try:
        names = [each["name"] for each in found["criteria"]]
        parts = {"human": found["human"], "before": found["judges"]["0"], "after": found["judges"]["kept"]}
        return [
            {"row": str(row), **{part: dict(zip(names, values[place], strict=True)) for part, values in parts.items()}}
            for place, row in enumerate(found["rows"])
        ]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UserError(f"{path} is damaged ({error!r}): restore it, or remove it") from None
