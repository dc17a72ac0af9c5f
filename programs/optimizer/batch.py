"""One step's training rows, with what the judge said of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import dspy

from signatures.records import Judgement

Judged = tuple[dspy.Example, Judgement]


@dataclass(frozen=True)
class Batch:
    """One step's rows, and what the current judge said of them (in the same order). A part knows the `whole` of it."""

    rows: Sequence[dspy.Example]
    judgements: Sequence[Judgement]
    whole: "Batch | None" = None

    def pairs(self) -> list[Judged]:
        return list(zip(self.rows, self.judgements, strict=True))

    def part(self, rows: Collection[str]) -> "Batch":
        """Some of its rows, by id."""
        chosen = [(row, judgement) for row, judgement in self.pairs() if judgement.row in rows]
        return Batch([row for row, _ in chosen], [judgement for _, judgement in chosen], self.whole or self)

    def case(self, rows: Sequence[str]) -> list[Judged]:
        """The rows of these ids in their order, wherever in the whole batch they are."""
        known = {judgement.row: (row, judgement) for row, judgement in (self.whole or self).pairs()}
        return [known[row] for row in rows if row in known]
