"""Train, validation and test rows that share no document, drawn from the run's seed."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import dspy
import numpy as np

from programs.errors import UserError

Pool = dict[str, list[dspy.Example]]
"""What is drawn as one, by its name: the rows of a document, or a single row."""

_DRAWS = {"test": ("test",), "validation": ("validation", "train"), "train": ("train",)}
# In the order of drawing; each part with the fixed parts that it may come from, first choice first.

_FLAGS = {"train": "--train-size", "validation": "--val-size", "test": "--test-size"}


@dataclass(frozen=True)
class Sizes:
    """How many rows each part gets. Validation may be 0 (nothing is gated then). Raises UserError below that."""

    train: int
    validation: int
    test: int

    def __post_init__(self) -> None:
        for part, flag in _FLAGS.items():
            least = 0 if part == "validation" else 1
            if getattr(self, part) < least:
                raise UserError(f"{flag}: must be at least {least}, not {getattr(self, part)}")


@dataclass(frozen=True)
class Splits:
    """Disjoint rows; those of one document follow each other, as prefix caches like it.

    `anchors` are rows that would be training rows, but are shown to the judge as examples.
    """

    train: list[dspy.Example]
    validation: list[dspy.Example]
    test: list[dspy.Example]
    anchors: list[dspy.Example] = field(default_factory=list)

    @property
    def seen(self) -> list[dspy.Example]:
        """The rows that a judge may owe something to."""
        return [*self.train, *self.validation, *self.anchors]


def split_rows(rows: Sequence[dspy.Example], sizes: Sizes, by: str = "document", seed: int = 0) -> Splits:
    """Draw the three parts from rows with `row_id`, `document_id` and `split`, as `load_rows` gives them.

    By "document" no document is in two parts (the last of each part is cut, its rest unused); by "row", or where rows
    have no document, rows are drawn one by one, as the paper did. Where rows have a `split`, it fixes the part: test
    rows come from its test, train rows from its train, validation rows from its validation and, when those are too few,
    from train documents that are then not trained on.
    The draw depends on the seed and the rows, not on the rows' order; test is drawn first, then validation, so that a
    change of the train size leaves both alone. Raises UserError when rows are too few, or when a document is
    in two parts of a fixed split.
    """
    if by not in ("document", "row"):
        raise UserError(f"--split-by: must be document or row, not {by!r}")
    pool = _shuffled(_documents(rows, by), np.random.default_rng(seed))
    parts: dict[str, list[dspy.Example]] = {}
    for part, origins in _DRAWS.items():
        wanted = getattr(sizes, part)
        parts[part], pool = _take(pool, origins, wanted)
        if len(parts[part]) < wanted:
            raise UserError(_shortage(part, wanted, parts, rows, by))
    return Splits(**{part: contiguous(drawn) for part, drawn in parts.items()})


def unit(row: dspy.Example, by: str) -> str:
    """The name of what is drawn as one with the row: its document, or the row itself."""
    document = row.get("document_id")
    return f"row {row['row_id']}" if by == "row" or document is None else f"document {document}"


def data_hash(rows: Iterable[dspy.Example]) -> str:
    """The sha256 of what the rows hold, whatever their order: the same data, the same hash."""
    lines = sorted(json.dumps(row.toDict(), sort_keys=True) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _documents(rows: Sequence[dspy.Example], by: str) -> Pool:
    """Rows by document, or each alone, in the order of their ids."""
    documents: Pool = {}
    for row in sorted(rows, key=lambda row: row["row_id"]):
        documents.setdefault(unit(row, by), []).append(row)
    for name, members in documents.items():
        found = sorted({str(row.get("split")) for row in members})
        if len(found) > 1:
            raise UserError(f"{name}: is in {' and '.join(found)}; correct the split column, or use --split-by row")
    return documents


def _shuffled(pool: Pool, rng: np.random.Generator) -> Pool:
    """The documents in a random order, the rows of each in a random order (the last of a part is cut)."""
    names = list(pool)
    order = [names[place] for place in rng.permutation(len(names))]
    return {name: [pool[name][place] for place in rng.permutation(len(pool[name]))] for name in order}


def _take(pool: Pool, origins: Sequence[str], wanted: int) -> tuple[list[dspy.Example], Pool]:
    """Up to `wanted` rows of the documents that may be drawn, and the documents not touched."""
    allowed = [name for origin in origins for name in pool if _origin(pool[name], origins) == origin]
    taken: list[dspy.Example] = []
    touched: set[str] = set()
    for name in allowed:
        if len(taken) >= wanted:
            break
        taken += pool[name][: wanted - len(taken)]
        touched.add(name)
    return taken, {name: rows for name, rows in pool.items() if name not in touched}


def _origin(document: Sequence[dspy.Example], origins: Sequence[str]) -> str:
    """The part that a document was fixed to; a free one counts as fixed to the part that is drawn."""
    return document[0].get("split") or origins[0]


def _shortage(
    part: str, wanted: int, parts: dict[str, list[dspy.Example]], rows: Sequence[dspy.Example], by: str
) -> str:
    had, fixed = len(parts[part]), any(row.get("split") for row in rows)
    others = [name for name in parts if name != part]
    taken = "".join(f", {name} takes {len(parts[name])}" for name in others)
    helpful = [name for name in others if not (fixed and name == "test")]
    lower = [f"{_FLAGS[part]} to {had}"] * (had > 0) + [_FLAGS[name] for name in helpful]
    whole = "; documents stay whole" if by == "document" and any(row.get("document_id") for row in rows) else ""
    remedy = f"lower {' or '.join(lower)}" if lower else f"the split column must say {part} in some rows"
    if whole and len({row.get("document_id") for row in rows}) < len(_FLAGS):
        remedy = "so few documents cannot be split: use --split-by row, or another --group"
    return f"{_FLAGS[part]}: {wanted} rows wanted, {had} left (of {len(rows)}{taken}{whole}); {remedy}"


def contiguous(rows: Iterable[dspy.Example]) -> list[dspy.Example]:
    """The rows with those of one document together, in the order in which the documents first appear."""
    documents: dict[tuple[str, str], list[dspy.Example]] = {}
    for row in rows:
        document = row.get("document_id")
        documents.setdefault(("row", row["row_id"]) if document is None else ("document", document), []).append(row)
    return [row for members in documents.values() for row in members]
