"""Which training rows each step sees, and how the validation rows are divided."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import dspy
import numpy as np

Row = TypeVar("Row")


def draw(rows: Sequence[Row], size: int, seed: int) -> Iterator[list[Row]]:
    """Endless batches of `size` different rows: a seeded permutation, reshuffled when it is used up.

    Raises ValueError where there are fewer rows than a batch takes.
    """
    if size > len(rows):
        raise ValueError(f"a batch of {size} needs at least {size} training rows, there are {len(rows)}")
    random = np.random.default_rng(seed)
    queue: list[int] = []
    while True:
        if len(queue) < size:  # the rest of an epoch opens the next one's first batch, with no row twice
            queue += [index for index in random.permutation(len(rows)).tolist() if index not in queue]
        batch, queue = queue[:size], queue[size:]
        yield [rows[index] for index in batch]


def divide(rows: Sequence[dspy.Example], share: float) -> tuple[list[dspy.Example], list[dspy.Example]]:
    """The gate's rows, and about `share` of all rows (at the end) that are reserved; no document is in both.

    Rows of a document are expected side by side, as the splits deliver them. A single document is divided by row.
    """
    documents = [list(part) for _, part in groupby(rows, key=_document)]
    blocks = documents if len(documents) > 1 else [[row] for row in rows]
    wanted = len(rows) - round(share * len(rows))
    first: list[dspy.Example] = []
    while blocks and (not first or len(first) + len(blocks[0]) / 2 <= wanted):
        first += blocks.pop(0)
    return first, [row for block in blocks for row in block]


def _document(row: dspy.Example) -> object:
    document = row.get("document_id")
    return id(row) if document is None else document


def numbered(rows: Sequence[dspy.Example]) -> list[dspy.Example]:
    """The rows, with their position as `row_id` where they have none."""
    return [row if row.get("row_id") is not None else row.copy(row_id=str(place)) for place, row in enumerate(rows)]
