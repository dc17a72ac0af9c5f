"""The test rows' ratings and every tested judge's scores of them, as a file: what paired comparisons between runs need.

Ids are hashed: those of a user's table may be texts, and nothing of the data but its ratings belongs in results.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dspy
import numpy as np

from metrics.relabel import divided
from metrics.scores import Codes, Scores, Values
from programs.errors import UserError
from programs.optimizer.readouts import Read
from programs.records.folder import RunFolder, read_json, write_json, write_text
from programs.records.lengths import write_lengths
from programs.records.relabel import as_csv, relabel_records
from signatures.records import Criterion


@dataclass(frozen=True, eq=False)
class Tested:
    """One run's test rows: `clusters` names what each row is resampled with (its document, or itself).

    `judges` holds (n, K) scores by step number as text, and under "kept" those of the kept judge; `raters` (n, K, R)
    those of single raters, where they are known; `digits` what `judges` would be by the digits of the same replies,
    where scores are read otherwise. Of calibrated judges the file has `raw` scores too.
    """

    criteria: tuple[Criterion, ...]
    rows: tuple[str, ...]
    clusters: tuple[str, ...]
    human: Values
    judges: Mapping[str, Values]
    raters: Values | None = None
    digits: Mapping[str, Values] = field(default_factory=dict)

    def scores(self, judge: str, documents: Codes | None = None) -> Scores:
        """The scores of one judge; `documents` are the codes of `clusters` that several runs share."""
        own = np.unique(self.clusters, return_inverse=True)[1] if documents is None else documents
        return Scores(self.criteria, self.human, self.judges[judge], own, raters=self.raters)

    @property
    def steps(self) -> list[int]:
        """The steps whose judge was tested."""
        return sorted(int(name) for name in self.judges if name != "kept")


def write_found(
    folder: RunFolder, rows: Sequence[dspy.Example], judges: Mapping[str, Read], summary: Mapping[str, Any]
) -> None:
    """What a run has found, last its summary, by which it is known to be finished."""
    write_tested(folder.scores, rows, judges)
    if doubtful := divided(judges["kept"].scores):
        write_text(folder.relabel, as_csv(relabel_records(doubtful, rows)))
    write_lengths(folder)
    write_json(folder.summary, summary)


def write_tested(path: Path, rows: Sequence[dspy.Example], judges: Mapping[str, Read]) -> None:
    """Writes scores.json; `digits` only where the judges' scores are read otherwise, `raters` where they are known."""
    first = next(iter(judges.values())).scores
    digits = {name: _listed(read.digits.judge) for name, read in judges.items() if read.digits is not None}
    raw = {name: _listed(read.raw.judge) for name, read in judges.items() if read.raw is not None}
    record = {
        "criteria": [{"name": each.name, "low": each.low, "high": each.high} for each in first.criteria],
        "rows": [row_mark(row["row_id"]) for row in rows],
        "clusters": [_cluster(row) for row in rows],
        "human": first.human.tolist(),
        **({} if first.raters is None else {"raters": [_listed(row) for row in first.raters]}),
        "judges": {name: _listed(read.scores.judge) for name, read in judges.items()},
        **({"digits": digits} if digits else {}),
        **({"raw": raw} if raw else {}),
    }
    write_text(path, json.dumps(record, allow_nan=False) + "\n")


def read_tested(path: Path) -> Tested:
    """What scores.json holds. Raises UserError where it is damaged."""
    found = read_json(path)
    try:
        criteria = tuple(_criterion(**each) for each in found["criteria"])
        width = len(criteria)
        judges, digits = (
            {name: _array(values, width) for name, values in by_judge.items()}
            for by_judge in (found["judges"], found.get("digits", {}))
        )
        human = _array(found["human"], width)
        raters = None if "raters" not in found else np.array(found["raters"], dtype=np.float64)
        if raters is not None and (raters.ndim != 3 or raters.shape[:2] != human.shape):
            raise ValueError(f"raters {raters.shape} do not fit human {human.shape}")
        rows, clusters = (tuple(found[name]) for name in ("rows", "clusters"))
        if not len(rows) == len(clusters) == len(human) or not all(isinstance(each, str) for each in rows + clusters):
            raise ValueError("its rows do not fit together")
        if any(len(scores) != len(rows) for scores in (*judges.values(), *digits.values())):
            raise ValueError("its scores do not fit its rows")
        return Tested(criteria, rows, clusters, human, judges, raters, digits)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): restore it, or remove summary.json and run again") from None


def row_mark(row_id: object) -> str:
    """What scores.json calls a row."""
    return _mark("row", row_id)


def _criterion(name: str, low: int, high: int) -> Criterion:
    if [type(each) for each in (name, low, high)] != [str, int, int]:
        raise TypeError(f"the criterion {name!r} from {low!r} to {high!r}")
    return Criterion(name, low, high)


def _array(values: Sequence[Sequence[float | None]], width: int) -> Values:
    return np.array(values, dtype=np.float64).reshape(-1, width)  # None becomes NaN: unscored


def _listed(scores: Values) -> list[list[float | None]]:
    return [[None if np.isnan(score) else float(score) for score in row] for row in scores]


def _cluster(row: dspy.Example) -> str:
    document = row.get("document_id")
    return row_mark(row["row_id"]) if document is None else _mark("document", document)


def _mark(kind: str, name: object) -> str:
    return hashlib.sha256(f"{kind}|{name}".encode()).hexdigest()[:16]
