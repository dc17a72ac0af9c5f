"""The probe rows on which edits are tried, and the calls that this takes: each edit alone, on the same rows."""

from collections import Counter
from collections.abc import Sequence

import dspy
import numpy as np

from programs.optimizer.conflict.edits import edited
from programs.optimizer.conflict.effects import Effects
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Search
from programs.optimizer.scoring import scores_of
from signatures.edits import Edit
from signatures.records import Judgement, Rubric, nearest_level


def probe_rows(search: Search, criteria: Sequence[str], count: int) -> list[dspy.Example]:
    """`count` training rows that spread over the levels of all criteria, the same in all steps of a run.

    Drawn in the order of a seeded permutation: each is the one whose levels are rarest among those drawn before.
    """
    left = [search.trainset[place] for place in np.random.default_rng(search.seed).permutation(len(search.trainset))]
    seen: Counter[tuple[str, int]] = Counter()
    drawn: list[dspy.Example] = []
    for _ in range(min(count, len(left))):
        rarity = [sum(1 / (1 + seen[cell]) for cell in _cells(row, criteria)) for row in left]
        drawn.append(left.pop(rarity.index(max(rarity))))
        seen.update(_cells(drawn[-1], criteria))
    return drawn


def _cells(row: dspy.Example, criteria: Sequence[str]) -> list[tuple[str, int]]:
    return [(name, nearest_level(row[name])) for name in criteria]


class Probe:
    """Tries edits on the probe rows of one run. The judge as it is gets asked once, until another is accepted."""

    def __init__(self, rows: int, edits: int) -> None:
        self.rows = rows
        self.edits = edits
        self._known: tuple[Rubric, list[Judgement]] | None = None

    def effects(self, search: Search, judge: Judge, edits: Sequence[Edit]) -> Effects:
        """What each edit alone changes: heads x rows calls an edit, and as many for a judge that was not asked before.

        What was planned beyond is counted as skipped.
        """
        rows = probe_rows(search, judge.task.criterion_names, self.rows)
        known = self._known is not None and self._known[0] == judge.rubric
        self.skip(search, judge, len(rows) * (len(edits) + (not known)))
        before = scores_of(judge, rows, self._unedited(search, judge, rows))
        tried = [edited(judge, edit) for edit in edits]
        return Effects.of(before, [scores_of(each, rows, search.stages.judge(each, rows)) for each in tried])

    def skip(self, search: Search, judge: Judge, needed: int) -> None:
        """Counts the judgements that were planned for a step beyond those that are needed."""
        search.roles.calls.skip("judge", len(judge.heads) * (self.rows * (self.edits + 1) - needed))

    def _unedited(self, search: Search, judge: Judge, rows: Sequence[dspy.Example]) -> list[Judgement]:
        if self._known is None or self._known[0] != judge.rubric:
            self._known = judge.rubric, search.stages.judge(judge, rows)
        return self._known[1]
