"""The gate as a race: validation rows are judged block by block, until it is clear which judge is ahead.

Racing is Maron and Moore's name for it (NIPS 1994). Each look compares the judges as the gate does, on the rows judged
by then, and stops by the bounds of a group-sequential test (`metrics.sequential`). Its stated error is the gate's own:
a rewrite that is no better is kept with a probability of at most 1 - threshold, however often one looks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dspy

from metrics.scores import Scores
from metrics.sequential import bounds
from programs.errors import UserError
from programs.optimizer.gate import Accept, Verdict
from signatures.records import Group

SHARES = (0.25, 0.375, 0.5, 0.75)
"""Where the looks are, as shares of the gate's rows; the last look is at all of them."""

FEWEST = 12
"""Documents at the first look: resamples of fewer say little of how much documents differ."""


@dataclass(frozen=True)
class Look:
    """After how many rows two judges are compared, and how.

    A verdict that neither keeps the rewrite nor has a probability under `low` leaves the race open, except at the end.
    """

    rows: int
    accept: Accept
    low: float = 1.0

    def verdict(self, before: Scores, after: Scores, group: Group) -> Verdict | None:
        """The decision on one head, or None where more rows are needed."""
        found = self.accept(before, after, group)
        if found.kept or self.low == 1.0 or (found.probability is not None and found.probability < self.low):
            return found
        return None


def single_look(accept: Accept | None, rows: Sequence[dspy.Example]) -> list[Look]:
    """No race: the gate's verdict on all rows; without a gate every rewrite is kept."""
    return [Look(len(rows), accept or _ungated)]


def race(probable: Callable[[float], Accept], threshold: float, rows: Sequence[dspy.Example]) -> list[Look]:
    """The looks of a race on the rows; `probable` is the gate that asks for a probability over its argument.

    Documents are judged whole. Where they are too few for a look before the end there is only that, and no race.
    """
    ends = _ends(rows)
    if len(ends) < 2:
        return single_look(probable(threshold), rows)
    limits = bounds(tuple(end / len(rows) for end in ends), 1 - threshold)
    last = len(rows)
    return [
        Look(end, probable(limit.high), 1.0 if end == last else limit.low)
        for end, limit in zip(ends, limits, strict=True)
    ]


def require_probable(rule: object) -> None:
    """Raises UserError for another rule: its error is none that a race could keep."""
    if rule != "probable":
        raise UserError("--race on goes with --accept probable, whose error it keeps: leave one of them out")


def _ends(rows: Sequence[dspy.Example]) -> list[int]:
    """How many rows each look has: up to the end of a document."""
    documents = [row["row_id"] if row.get("document_id") is None else row["document_id"] for row in rows]
    whole = [place for place in range(1, len(rows)) if documents[place] != documents[place - 1]]
    enough = [place for place in whole if len(set(documents[:place])) >= FEWEST]
    if not enough:
        return [len(rows)]
    early = {min(enough, key=lambda place, share=share: abs(place - share * len(rows))) for share in SHARES}  # type: ignore[misc]
    return [*sorted(early), len(rows)]


def _ungated(before: Scores, after: Scores, group: Group) -> Verdict:
    return Verdict(group, True, "no gate", {}, {})
