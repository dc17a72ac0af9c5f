"""A finished run as a side of a comparison: its judge and LM, the scores it has paid for, and the rows it has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dspy
import numpy as np

from programs.errors import UserError
from programs.optimizer.controls.ensemble import Ensemble
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge
from programs.optimizer.settling import drawn
from programs.optimizer.tested import read_tested
from programs.records.folder import RunFolder, read_json
from programs.settings import Settings
from programs.stored import stored_settings
from programs.tasks.loading import load_rows
from programs.tasks.splits import Splits, data_hash
from programs.tasks.task import Task

KEPT = "kept"

RowScores = Mapping[str, float | None]
"""Criterion -> score of one row, None where unscored."""


@dataclass(frozen=True, eq=False)
class PastRun:
    """`data` is the hash of all rows of its table, `draws` how many replies its judge averages, `pace` the seconds a
    call of its last session took, where that sent any."""

    folder: RunFolder
    settings: Settings
    task: Task
    data: str
    draws: int
    pace: float | None

    @classmethod
    def read(cls, folder: RunFolder) -> "PastRun":
        """Raises UserError for a run that has not ended, or whose files are damaged."""
        if not folder.finished:
            raise UserError(f"{folder.path} has not ended: continue it with optimize.py --resume {folder.path}")
        config, summary, pace = read_json(folder.config), read_json(folder.summary), _pace(folder)
        try:
            return cls(
                folder,
                stored_settings(config["settings"]),
                Task.from_dict(config["task"], str(folder.config)),
                str(config["data"]),
                int(summary.get("method", {}).get("calls_per_row", 1)),
                pace,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{folder.config} is damaged ({error}): restore it, or start a new run") from None

    def judge(self) -> Judge:
        """The kept judge, loaded anew."""
        judge = load_judge(self.folder.judge)
        return Ensemble(judge, self.draws) if self.draws > 1 else judge

    def rows(self, elsewhere: str | None = None) -> list[dspy.Example]:
        """All rows of its table, from where it read them, or else from `elsewhere`, if they are the same.

        Raises UserError where neither is: then nobody can say which rows it has seen.
        """
        for data in dict.fromkeys((self.settings.data, elsewhere or self.settings.data)):
            try:
                rows = load_rows(self.task, data)
            except UserError:
                continue
            if data_hash(rows) == self.data:
                return rows
        raise UserError(
            f"the data of {self.folder.path} ({self.settings.data or f'of task {self.task.name}'}) cannot be read, or "
            "have changed, so that nobody can say which rows it has seen: restore them"
        )

    def splits(self, rows: Sequence[dspy.Example]) -> Splits:
        """What it trained, validated and tested on, of all its rows."""
        return drawn(self.settings, self.task, rows)

    def scores(self, readout: str) -> dict[str, RowScores]:
        """Row mark -> its kept judge's scores of the test rows; none where it did not read its replies so."""
        if not self.folder.scores.is_file():
            return {}
        tested = read_tested(self.folder.scores)
        held = tested.judges if readout == self.settings.readout else tested.digits if readout == "digits" else {}
        names = [criterion.name for criterion in tested.criteria]
        return {
            mark: {name: None if np.isnan(score) else float(score) for name, score in zip(names, scores, strict=True)}
            for mark, scores in zip(tested.rows, held.get(KEPT, ()), strict=False)
        }


def _pace(folder: RunFolder) -> float | None:
    timing = read_json(folder.timing) if folder.timing.is_file() else {}
    try:
        sent = sum(tally.get("calls", 0) for tally in timing.get("calls", {}).values())
        return float(timing["seconds"]) / sent if sent and timing.get("seconds") else None
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{folder.timing} is damaged ({error}): restore it, or remove it") from None
