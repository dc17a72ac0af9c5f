"""What is written of each judgement: a few columns a criterion, behind the input's own."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from programs.applying.confidence import Abstention, sureness
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.tasks.tables import WIDEST_CELL, RawRow
from programs.tasks.texts import csv_line
from signatures.records import Criterion, Judgement

DECIMALS = 6
"""Of a probability: as many as its confidence is computed to."""

Cell = float | None


@dataclass(frozen=True)
class Columns:
    """The output's columns: `own` of the input, then of each criterion CRITERION_score, CRITERION_raw (before a
    calibration), CRITERION_digit (beside expectations), CRITERION_p1, CRITERION_p2, ... (one a level) and
    CRITERION_confidence where token probabilities are asked for, and CRITERION_abstained (1 or 0) where it may abstain.
    Empty is unscored, unknown, or abstained.

    Raises UserError where the input has one of ours already.
    """

    own: Sequence[str]
    judge: Judge
    abstention: Abstention | None = None

    def __post_init__(self) -> None:
        if taken := [name for name in self.names if name in self.own]:
            raise UserError(f"--data: the column '{taken[0]}' exists already: rename it, it would be overwritten")

    @property
    def names(self) -> list[str]:
        """Those that are added."""
        return [name for criterion in self.judge.task.criteria for name in self._names(criterion)]

    def line(self, row: RawRow, judgement: Judgement) -> str:
        """One row of the CSV file."""
        added = [cell for criterion in self.judge.task.criteria for cell in self._cells(criterion, judgement)]
        return csv_line([*(row.get(name) for name in self.own), *added])

    def _names(self, criterion: Criterion) -> list[str]:
        kinds = ["score"]
        if self.judge.calibration is not None:
            kinds.append("raw")
        if self.judge.readout != "digits":
            kinds.append("digit")
        if self.judge.reads_tokens:
            kinds += [*(f"p{level}" for level in criterion.levels), "confidence"]
        if self.abstention is not None:
            kinds.append("abstained")
        return [f"{criterion.name}_{kind}" for kind in kinds]

    def _cells(self, criterion: Criterion, judgement: Judgement) -> list[Cell]:
        name = criterion.name
        score, chances, sure = judgement.scores[name], judgement.chances.get(name, {}), sureness(judgement, name)
        withheld = self.abstention is not None and score is not None and not self.abstention.keeps(name, sure)
        cells = [None if withheld else score]
        if self.judge.calibration is not None:
            cells.append(judgement.raw[name])
        if self.judge.readout != "digits":
            cells.append(judgement.digits[name])
        if self.judge.reads_tokens:
            cells += [round(chances[level], DECIMALS) if chances else None for level in criterion.levels]
            cells.append(sure)
        if self.abstention is not None:
            cells.append(int(withheld))
        return cells


def count_scores(path: Path, judge: Judge) -> dict[str, dict[str, int]]:
    """Criterion -> how many rows of a finished output are scored, abstained on, unscored, without a confidence where
    one was asked for (`unknown`), and there in all."""
    kinds = ("rows", "scored", "abstained", "unscored", "unknown")
    counts = {name: dict.fromkeys(kinds, 0) for name in judge.task.criterion_names}
    csv.field_size_limit(WIDEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name, count in counts.items():
                count["rows"] += 1
                kind = _kind(row, name)
                count[kind] += 1
                count["unknown"] += kind != "unscored" and row.get(f"{name}_confidence") == ""
    return counts


def _kind(row: Mapping[str, str], name: str) -> str:
    if row.get(f"{name}_abstained") == "1":
        return "abstained"
    return "scored" if row[f"{name}_score"] else "unscored"
