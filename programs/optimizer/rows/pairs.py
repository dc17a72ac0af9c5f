"""`--loss pairs`: losses about pairs of the batch's rows that judge and raters order differently.

Agreement is measured by order (Spearman), so what the judge has in the wrong order is what a rubric must explain; an
offset of all its scores is not. Pairwise preferences are also what raters agree on best (Thurstone 1927).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any

import dspy

from programs.backends.roles import Roles
from programs.optimizer.batch import Batch, Judged
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import MakeStages, Moment, Plugs, Resolve
from programs.optimizer.stages import LossStage, Question, Stages
from signatures.pairs import PairComparison, PairLoss, pair_loss_request
from signatures.records import Criterion, Group, Note

Found = dict[str, PairComparison]
"""The criteria on which there is something to say of a pair, with the comparison."""


class PairLossStage(LossStage):
    """Per pair and group: which of the two rows should have the higher score. Pairs are asked about that are discordant
    on a criterion of the group; a group without any is asked about each row by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.compare = dspy.Predict(PairLoss)

    def questions(self, judge: Judge, batch: Batch, groups: Sequence[Group]) -> list[Question]:
        names = tuple(dict.fromkeys(name for group in groups for name in group))
        pairs = chosen(batch, judge.task.select(names))
        return [
            question
            for group in groups
            for question in self._of_pairs(judge, pairs, group) or self.of_rows(judge, batch, group)
        ]

    def _of_pairs(self, judge: Judge, pairs: Sequence[tuple[Judged, Judged]], group: Group) -> list[Question]:
        asked = []
        for first, second in pairs:
            found = compared(judge.task.select(group), first, second)
            if any(each.discordant for each in found.values()):
                told = {
                    "comparisons": [each.line() for each in found.values()],
                    "request": pair_loss_request([*found.values()]),
                }
                note = Note("loss", first[1].row, tuple(found), "", second[1].row)
                asked.append(Question(self.compare, told, note))
        return asked


def compared(criteria: Sequence[Criterion], first: Judged, second: Judged) -> Found:
    """The two rows on the criteria that the judge has scored of both, but for those on which its tie says nothing."""
    found = {}
    for each in criteria:
        one, other = (judgement.scores.get(each.name) for _, judgement in (first, second))
        if one is not None and other is not None:
            found[each.name] = PairComparison(each, (one, other), (first[0][each.name], second[0][each.name]))
    return {name: each for name, each in found.items() if not each.unclear}


def chosen(batch: Batch, criteria: Sequence[Criterion]) -> list[tuple[Judged, Judged]]:
    """Discordant pairs of the batch, at most one that begins with each row, so that there are no more than rows.

    The criteria choose in turn, each the pair on which judge and raters are furthest apart of those still to be had.
    """
    rows = batch.pairs()
    left = {
        (one, other): compared(criteria, rows[one], rows[other]) for other in range(len(rows)) for one in range(other)
    }
    begun: dict[int, tuple[int, int]] = {}
    for criterion in cycle(criteria):
        left = {pair: found for pair, found in left.items() if any(each.discordant for each in found.values())}
        if not left:
            break
        apart = {pair: found[criterion.name].distance for pair, found in left.items() if _in(found, criterion)}
        if apart:
            pair = max(apart, key=apart.__getitem__)
            del left[pair]
            _begin(pair, begun, set())
    return [(rows[first], rows[sum(pair) - first]) for first, pair in sorted(begun.items())]


def _in(found: Found, criterion: Criterion) -> bool:
    return criterion.name in found and found[criterion.name].discordant


def _begin(pair: tuple[int, int], begun: dict[int, tuple[int, int]], tried: set[int]) -> bool:
    """Lets one of the pair's rows begin it, and others' pairs begin with their other row where that makes room (Kuhn's
    augmenting path). False where there is none."""
    for place in pair:
        if place not in tried:
            tried.add(place)
            if place not in begun or _begin(begun[place], begun, tried):
                begun[place] = pair
                return True
    return False


def with_pairs(make: MakeStages) -> MakeStages:
    """The same stages with losses about pairs."""

    def made(roles: Roles, pool: Pool, schema: str) -> Stages:
        stage: Any = PairLossStage()
        return replace(make(roles, pool, schema), loss=roles.cast("loss", partial(stage, pool=pool)))

    return made


def counting_pairs(resolve: Resolve) -> Resolve:
    """The same `resolve`; beforehand it is told how many losses were about a pair, and how many of one row for want of
    a discordant pair."""

    def counted(gradients: list[Note], moment: Moment) -> list[Note]:
        paired = sum(bool(note.other) for note in moment.losses)
        moment.told["loss"] = {"pairs": paired, "single rows": len(moment.losses) - paired}
        return resolve(gradients, moment)

    return counted


def pairs_for_rows(plugs: Plugs) -> Plugs:
    """The loop's places with losses about pairs, counted."""
    return replace(plugs, stages=with_pairs(plugs.stages), resolve=counting_pairs(plugs.resolve))


LOSSES: Mapping[str, Callable[[Plugs], Plugs]] = {"difference": lambda plugs: plugs, "pairs": pairs_for_rows}
"""The choices of `--loss`."""
