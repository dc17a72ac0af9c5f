"""The file of frozen anchors: one JSON that needs nothing beside it but the judge. It holds texts and ratings.

It holds no key and no address of a server: a check that sent a key to an address which a file names would send it to
whoever wrote that file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import dspy
import numpy as np

from metrics.scores import Codes, Values
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.records.folder import read_json, write_json
from programs.tasks.task import Task
from signatures.records import Criterion, Judgement

FORMAT = 1
HOLDS = "This file holds the texts of the anchor rows, and their ratings where there are: keep it as you keep those."
_REMEDY = "restore it, or freeze the judge again with --freeze"


@dataclass(frozen=True)
class Asking:
    """By whom and how rows are scored: what may differ between two scorings. `served`: by a server at an address."""

    judge: str
    lm: str
    served: bool
    temperature: float
    form: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Anchors:
    """Frozen rows. `rows` hold a row's inputs, `row_id`, `document_id` and, with `rated`, its ratings.

    `scores` (R, n, K) are the judge's, NaN unscored. `when` is the day, `seed` that of the draw and of scoring 0.
    """

    task: Task
    asking: Asking
    rows: Sequence[dspy.Example]
    rated: bool
    scores: Values
    seed: int
    when: str

    @property
    def documents(self) -> Codes:
        """(n,) the code of each row's document; a row without one is a document of its own."""
        names = [
            f"document {row.document_id}" if row.document_id is not None else f"row {row.row_id}" for row in self.rows
        ]
        return np.unique(names, return_inverse=True)[1]

    @property
    def human(self) -> Values:
        """(n, K) ratings; only where rows are `rated`."""
        return np.array([[row[name] for name in self.task.criterion_names] for row in self.rows], dtype=np.float64)


def judge_hash(judge: Judge) -> str:
    """The sha256 of all that a judge asks: instructions, inputs, criteria, heads, rubrics, demos, layout, readout; and
    of its calibration."""
    task = judge.task
    fields = [*map(asdict, task.inputs), *map(asdict, task.criteria)]
    asked = [task.instructions, fields, [list(group) for group in judge.groups], dict(judge.form), judge.dump_state()]
    return _sha256([*asked, *([] if judge.calibration is None else [judge.calibration.to_dict()])])


def score_array(scorings: Sequence[Sequence[Judgement]], names: Sequence[str]) -> Values:
    """(R, n, K) scores of several scorings of the same rows, NaN unscored."""
    listed = [[[each.scores[name] for name in names] for each in judgements] for judgements in scorings]
    return np.array(listed, dtype=np.float64)


def write_anchors(path: Path, anchors: Anchors, versions: Mapping[str, object]) -> None:
    """Writes the file, with a hash over all that it holds."""
    names = ("row_id", "document_id", *anchors.task.input_names)
    ratings = anchors.task.criterion_names if anchors.rated else ()
    content = {
        "judgegrad_anchors": FORMAT,
        "note": HOLDS,
        "when": anchors.when,
        "seed": anchors.seed,
        "asking": vars(anchors.asking),
        "task": replace(anchors.task, data=None, ratings=None, raters={}).to_dict(),
        "rows": [{name: row[name] for name in (*names, *ratings)} for row in anchors.rows],
        "rated": anchors.rated,
        "scores": _listed(anchors.scores),
        **versions,
    }
    write_json(path, {**content, "sha256": _sha256(content)})


def read_anchors(path: Path) -> tuple[Anchors, str]:
    """The anchors and the file's hash. Raises UserError for a file that is not ours, is damaged, or was changed."""
    if not path.is_file():
        raise UserError(f"there is no anchor file {path}: name one that --freeze has written")
    content = read_json(path)
    if not isinstance(content, dict) or content.get("judgegrad_anchors") != FORMAT:
        raise UserError(
            f"{path} is no anchor file of this program (format {FORMAT}): name one that --freeze has written"
        )
    held = content.pop("sha256", None)
    if held != _sha256(content):
        raise UserError(f"{path} has been changed since it was written (its hash differs): {_REMEDY}")
    try:
        return _anchors(content, str(path)), str(held)
    except UserError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} is damaged ({reason}): {_REMEDY}") from None


def _anchors(content: Mapping[str, Any], where: str) -> Anchors:
    task, rated = Task.from_dict(content["task"], where), _of(bool, content, "rated")
    scores = np.array(content["scores"], dtype=np.float64)
    if (
        scores.shape[1:] != (len(content["rows"]), len(task.criteria))
        or scores.shape[0] < 2
        or not len(content["rows"])
    ):
        raise ValueError(f"scores of shape {scores.shape}")
    for place, each in enumerate(task.criteria):
        _on_scale(scores[:, :, place], each, "score")
    rows = [_row(row, task, rated) for row in content["rows"]]
    seed, when = _of(int, content, "seed"), _of(str, content, "when")
    if not 0 <= seed < 2**31:
        raise ValueError(f"its seed is {seed}")
    return Anchors(task, _asking(content["asking"]), rows, rated, scores, seed, when)


def _row(row: Mapping[str, Any], task: Task, rated: bool) -> dspy.Example:
    """A row as it was written: texts, ids and, where it is rated, ratings on their scales."""
    ratings = task.criteria if rated else ()
    document = row["document_id"]
    held = {"row_id": _of(str, row, "row_id"), "document_id": document if document is None else str(document)}
    held |= {name: _of(str, row, name) for name in task.input_names}
    for each in ratings:
        _on_scale(np.array([float(row[each.name])]), each, "rating", known=True)
    return dspy.Example(**held, **{each.name: float(row[each.name]) for each in ratings}).with_inputs(*task.input_names)


def _asking(content: Mapping[str, Any]) -> Asking:
    asking = Asking(**content)
    kinds = {"judge": str, "lm": str, "served": bool, "temperature": (int, float), "form": dict}
    for name, kind in kinds.items():
        _of(kind, content, name)
    if not all(isinstance(value, str) for value in asking.form.values()) or not 0 <= asking.temperature <= 2:
        raise ValueError("its 'asking' is none")
    return asking


def _of(kind: Any, content: Mapping[str, Any], name: str) -> Any:
    """The value of that name. Raises TypeError where it is of another kind; True is no number."""
    value = content[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"its {name} is {str(value)[:40]!r}")
    return value


def _on_scale(values: Values, criterion: Criterion, what: str, *, known: bool = False) -> None:
    """Raises ValueError for a value off the criterion's scale, and where all must be `known` for NaN."""
    inside = (values >= criterion.low) & (values <= criterion.high)
    if not np.all(inside if known else inside | np.isnan(values)):
        raise ValueError(f"a {what} of {criterion.name} is not on its scale")


def _listed(scores: Values) -> list[Any]:
    return [[[None if np.isnan(each) else float(each) for each in row] for row in rows] for rows in scores]


def _sha256(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
