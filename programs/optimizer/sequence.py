"""In which order a judge's calls for many rows are made: the one that prefix caches reward."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge

Rows = Sequence[dspy.Example]


@dataclass(frozen=True, eq=False)
class Sequenced:
    """Rows in parts: all heads of a part are asked before the next part begins, within it head by head.

    Heads with prompts of their own share most with themselves, so parts are long. Heads that are `branches` of one
    prompt share most with those of the same row: a part is then as many rows as can be asked about at once, so that a
    row's prompt is known when its second branch is asked, and not forgotten when its last is.
    """

    judge: Judge
    parts: Sequence[Rows]

    @classmethod
    def of(cls, judge: Judge, rows: Rows, pool: Pool, chunk: int) -> "Sequenced":
        size = max(1, at_once(pool) if judge.branches else chunk)
        return cls(judge, [rows[start : start + size] for start in range(0, len(rows), size)])

    @property
    def items(self) -> list[tuple[int, dspy.Example]]:
        """Every head and row."""
        return [(head, row) for part in self.parts for head in range(len(self.judge.heads)) for row in part]

    @property
    def positions(self) -> list[int] | None:
        """Their places in the run: where their order goes by the calls in flight, those of an order that does not."""
        if not self.judge.branches:
            return None
        heads, found, first = len(self.judge.heads), [], 0
        for part in self.parts:
            found += [(first + place) * heads + head for head in range(heads) for place in range(len(part))]
            first += len(part)
        return found


def at_once(pool: Pool) -> int:
    """How many prompts are with the LM at a time, and can be kept by it: no more than it has slots."""
    slots: Any = getattr(getattr(dspy.settings.lm, "engine", None), "slots", None)
    return min(pool.threads, slots or pool.threads)
