"""A judge's confidence held against ratings, as a file: what `score.py --abstain` takes its thresholds from.

    {"format": 1, "judge": HASH, "lm": NAME, "readout": "digits" or "expected", "fitted": PART, "checked": PART or null}
    PART: {"what": TEXT, "rows": N, "criteria": {CRITERION: {"span": WIDTH, "confidence": [...], "error": [...],
           "cluster": [...], "curve": [POINT, ...]}}}

Numbers only: no text, and no id. `fitted` rows give the thresholds; `checked` rows, which nothing was chosen on, show
what came of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dspy
import numpy as np

from metrics.clustered import codes
from metrics.expectation import confidence
from metrics.selective import Graded, Point, choose, risk_coverage
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.optimizer.saved import judge_mark
from programs.records.folder import read_json, write_json
from signatures.records import Criterion, Judgement

FORMAT = 1
_AGAIN = "fit it again with evaluate.py --curve"


@dataclass(frozen=True, eq=False)
class Held:
    """Rated rows that a judge has scored: what they are, how many, and the graded scores of every criterion."""

    what: str
    rows: int
    criteria: Mapping[str, Graded]

    @classmethod
    def of(cls, what: str, judge: Judge, rows: Sequence[dspy.Example], judgements: Sequence[Judgement]) -> "Held":
        """From the judgements of rows. A score without probabilities has no confidence and counts for nothing."""
        graded = {each.name: _graded(each, rows, judgements) for each in judge.task.criteria}
        return cls(what, len(rows), graded)

    @property
    def empty(self) -> bool:
        """Whether no score at all has a confidence."""
        return not any(map(len, self.criteria.values()))


@dataclass(frozen=True)
class Abstention:
    """Which scores stand: those whose confidence is over their criterion's threshold (None: no score of it does).

    `fitted` rows gave the thresholds; `checked` rows, where there are any, had no part in it.
    """

    risk: float
    points: Mapping[str, Point | None]
    fitted: Held
    checked: Held | None = None

    def keeps(self, name: str, sureness: float | None) -> bool:
        """Whether a score of that confidence stands; one without any never does."""
        point = self.points[name]
        return point is not None and sureness is not None and (point.threshold is None or sureness > point.threshold)

    @property
    def thresholds(self) -> dict[str, Any]:
        """Criterion -> threshold, "all" or "none", as records hold it."""
        return {
            name: "none" if point is None else "all" if point.threshold is None else point.threshold
            for name, point in self.points.items()
        }


def abstention(risk: float, fitted: Held, checked: Held | None = None) -> Abstention:
    """The most lenient thresholds whose risk is at most `risk` levels."""
    points = {name: choose(graded, risk) for name, graded in fitted.criteria.items()}
    return Abstention(risk, points, fitted, checked)


def sureness(judgement: Judgement, name: str) -> float | None:
    """A score's confidence, before a calibration; None where the LM gave no probabilities for it, since nothing else
    tells."""
    score, chances = (judgement.raw or judgement.scores)[name], judgement.chances.get(name)
    return None if score is None or chances is None else confidence(chances, score)


def write_confidence(path: Path, judge: Judge, lm: str, fitted: Held, checked: Held | None = None) -> None:
    """Writes the file (see this module's docstring)."""
    parts = {"fitted": _part(fitted), "checked": None if checked is None else _part(checked)}
    write_json(path, {"format": FORMAT, "judge": judge_mark(judge), "lm": lm, "readout": judge.readout, **parts})


def is_confidence(path: Path) -> bool:
    """Whether there is a file of confidences, of whatever judge."""
    try:
        found = read_json(path)
    except UserError:
        return False
    return isinstance(found, dict) and found.get("format") == FORMAT and {"judge", "lm", "fitted"} <= set(found)


def read_confidence(path: Path, judge: Judge, lm: str) -> tuple[Held, Held | None]:
    """The fitted and the checked rows. Raises UserError for a damaged file, and for that of another judge or LM."""
    if not is_confidence(path):
        raise UserError(f"{path} is no file of confidences: {_AGAIN}")
    found = read_json(path)
    for what, value in {"lm": lm, "readout": judge.readout, "judge": judge_mark(judge)}.items():
        if found.get(what) != value:
            which = "" if what == "judge" else f", {found.get(what)} (now {value})"
            raise UserError(f"{path} was fitted with another {what}{which}: use that one, or {_AGAIN}")
    try:
        return _held(found["fitted"]), None if found.get("checked") is None else _held(found["checked"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"{path} is damaged ({error}): {_AGAIN}") from None


def _graded(criterion: Criterion, rows: Sequence[dspy.Example], judgements: Sequence[Judgement]) -> Graded:
    known = [
        (sure, abs(float(judgement.scores[criterion.name] or 0) - row[criterion.name]), _cluster(place, row))
        for place, (row, judgement) in enumerate(zip(rows, judgements, strict=True))
        if (sure := sureness(judgement, criterion.name)) is not None
    ]
    clusters, _ = codes([cluster for *_, cluster in known])
    values = np.array([pair for *pair, _ in known], dtype=np.float64).reshape(-1, 2)
    return Graded(values[:, 0], values[:, 1], clusters, float(criterion.high - criterion.low))


def _cluster(place: int, row: dspy.Example) -> tuple[str, object]:
    document = row.get("document_id")
    return ("row", place) if document is None else ("document", document)


def _part(held: Held) -> dict[str, Any]:
    criteria = {
        name: {
            "span": graded.span,
            "confidence": graded.confidence.tolist(),
            "error": graded.error.tolist(),
            "cluster": graded.clusters.tolist(),
            "curve": [asdict(point) for point in risk_coverage(graded)],
        }
        for name, graded in held.criteria.items()
    }
    return {"what": held.what, "rows": held.rows, "criteria": criteria}


def _held(part: Mapping[str, Any]) -> Held:
    return Held(str(part["what"]), int(part["rows"]), {name: _read(each) for name, each in part["criteria"].items()})


def _read(stored: Mapping[str, Any]) -> Graded:
    numbers = [np.array(stored[name], dtype=np.float64) for name in ("confidence", "error")]
    clusters, span = np.array(stored["cluster"], dtype=np.intp), float(stored["span"])
    if not numbers[0].shape == numbers[1].shape == clusters.shape or clusters.ndim != 1 or span <= 0:
        raise ValueError("its lists do not fit together")
    if clusters.size and not 0 <= clusters.min() <= clusters.max() < clusters.size:  # each is counted in an array
        raise ValueError("a cluster of its rows has no place")
    return Graded(numbers[0], numbers[1], clusters, span)
