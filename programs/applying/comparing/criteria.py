"""Which criteria a comparison is about: those that all sides have on the same scale."""

from collections.abc import Mapping, Sequence

from programs.applying.comparing.contestants import Contestant, Side
from programs.applying.comparing.given import GivenScores
from programs.errors import UserError
from programs.tasks.task import Task
from signatures.records import Criterion


def shared_criteria(
    sides: Sequence[Side], given: Mapping[str, GivenScores], task: Task
) -> tuple[tuple[Criterion, ...], dict[str, str]]:
    """The task's criteria that all sides score on its scale, and criterion -> why it is left out.

    Raises UserError where nothing is shared.
    """
    left_out = {
        criterion.name: reason
        for criterion in task.criteria
        for side in reversed(sides)
        if (reason := _lacks(side, given, criterion))
    }
    shared = tuple(criterion for criterion in task.criteria if criterion.name not in left_out)
    if not shared:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise UserError(f"the judges share no criterion on the same scale, so nothing can be compared ({reasons})")
    others = {
        each.name: f"the compared rows have no ratings of it ({side.name} judges it)"
        for side in sides
        if isinstance(side, Contestant)
        for each in side.judge.task.criteria
        if each.name not in task.criterion_names
    }
    return shared, {**left_out, **others}


def _lacks(side: Side, given: Mapping[str, GivenScores], criterion: Criterion) -> str | None:
    if not isinstance(side, Contestant):
        return None if criterion.name in given[side.name].criteria else f"{side.name} gives no scores of it"
    own = next((each for each in side.judge.task.criteria if each.name == criterion.name), None)
    if own is None:
        return f"{side.name} does not judge it"
    if own.levels != criterion.levels:
        return f"{side.name} rates it {own.low} to {own.high}, the rows {criterion.low} to {criterion.high}"
    return None
