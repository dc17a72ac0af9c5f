"""`--order search`: the kept judge's criteria in other orders, chosen on validation rows."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import factorial
from typing import Any

import dspy

from programs.errors import UserError
from programs.optimizer.estimate import Plan
from programs.optimizer.heads import largest_groups
from programs.optimizer.incumbent import Incumbent, Outcome
from programs.optimizer.judge import Judge
from programs.optimizer.keep import Values, standing, values_of
from programs.optimizer.turns import ORDERS_TRIED, rotations
from programs.records.budget import OutOfBudget
from programs.settings import DECISION, Settings
from signatures.records import Group


@dataclass(frozen=True)
class OrderSearch:
    """The orders of each head's criteria: its own, its rotations, and seeded permutations up to `tried` others.

    The gate's rows choose the best by the metric, head by head; where rows are reserved, it must be better than the
    head's own order there too. Ties go to the earlier, which is first its own. With `tried` 0 nothing is searched.
    """

    tried: int = 0

    def __call__(
        self, outcome: Outcome, incumbent: Incumbent, reserved: Sequence[dspy.Example], metric: str, seed: int
    ) -> tuple[Outcome, dict[str, Any]]:
        """The outcome with its criteria in the best order, and what was tried. A budget that ends, or Ctrl-C, leaves
        the order as it was."""
        try:
            groups, told = self._best(outcome.judge, incumbent, reserved, metric, seed)
            judge = incumbent.calibrate(outcome.judge.with_groups(groups))
        except OutOfBudget:
            return replace(outcome, stopped="budget"), {}
        except KeyboardInterrupt:
            return replace(outcome, stopped="interrupted"), {}
        turned = dict(zip(outcome.judge.groups, groups, strict=True))
        chosen = {turned[group]: one for group, one in outcome.chosen.items()}
        archive = {turned[group]: accepted for group, accepted in outcome.archive.items()}
        judge = judge if groups != outcome.judge.groups else outcome.judge
        return replace(outcome, judge=judge, chosen=chosen, archive=archive), told

    def _best(
        self, judge: Judge, incumbent: Incumbent, reserved: Sequence[dspy.Example], metric: str, seed: int
    ) -> tuple[tuple[Group, ...], dict[str, Any]]:
        tried = [judge, *_turned(judge, {group: other_orders(group, self.tried, seed) for group in judge.groups})]
        values = [values_of(incumbent.measured(each).scores(), metric, judge.task.criterion_names) for each in tried]
        heads = range(len(judge.groups))
        best = tuple(tried[_first_best(tried, values, head, metric)].groups[head] for head in heads)
        groups = self._confirmed(judge, judge.with_groups(best), incumbent, reserved, metric)
        places = [[each.groups[head] for each in tried].index(groups[head]) for head in heads]
        return groups, {
            "tried": len(tried) - 1,
            "changed": sum(place > 0 for place in places),
            "orders": [[list(group) for group in each.groups] for each in tried],
            "values": values,
            "kept": {name: values[places[head]][name] for head in heads for name in groups[head]},
        }

    def _confirmed(
        self, judge: Judge, best: Judge, incumbent: Incumbent, reserved: Sequence[dspy.Example], metric: str
    ) -> tuple[Group, ...]:
        """Of each head the better order on rows that chose neither."""
        if not reserved or best.groups == judge.groups:
            for _ in range(2):
                incumbent.leave(reserved)
            return best.groups
        own, other = (
            values_of(incumbent.scored(each, reserved), metric, judge.task.criterion_names) for each in (judge, best)
        )
        return tuple(
            best.groups[head]
            if _worth(best, other, head, metric) > _worth(judge, own, head, metric)
            else judge.groups[head]
            for head in range(len(judge.groups))
        )


def other_orders(group: Group, count: int, seed: int) -> list[Group]:
    """At most `count` orders but the group's own: its rotations, then permutations as the seed deals them."""
    found = rotations(group)[1 : count + 1]
    dealt = random.Random(f"{seed} {' '.join(group)}")
    most = min(count, factorial(len(group)) - 1)
    while len(found) < most:
        order = tuple(dealt.sample(group, len(group)))
        if order != group and order not in found:
            found.append(order)
    return found


def ordering_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """The judge's calls at most: the gate's rows in each order, its own too, and the reserved rows in two."""
    groups = largest_groups(settings.judge, plan.mode, plan.criteria)
    tried = max(min(tries(settings), factorial(len(group)) - 1) for group in groups)
    scorings = (tried + 1) * plan.gate_rows + 2 * plan.reserved_rows
    return {"judge": plan.heads * scorings} if tries(settings) else {}


def tries(settings: Settings) -> int:
    """How many other orders the settings ask for: none where they are not searched."""
    return (settings.orders_tried or ORDERS_TRIED) if settings.order == "search" else 0


def require_order(settings: Settings) -> None:
    """Raises UserError where the order cannot be chosen or turned."""
    if settings.orders_tried is not None and settings.order != "search":
        raise UserError("--orders-tried goes with --order search: add it, or leave --orders-tried out")
    if settings.order != "fixed" and settings.judge == DECISION:
        raise UserError(f"--order {settings.order} turns criteria in a prompt, and --judge decision has none: drop one")
    if settings.order != "fixed" and not settings.stepwise:
        raise UserError(f"--order {settings.order} goes with the steps of --optimizer textgrad: leave one of them out")
    if settings.order == "search" and (settings.gate, settings.keep) == ("none", "last"):
        raise UserError("--order search needs validation rows: leave --gate none or --keep last out")


def _first_best(tried: Sequence[Judge], values: Sequence[Values], head: int, metric: str) -> int:
    """The place of the judge whose head stands best; ties go to the earlier."""
    return max(range(len(tried)), key=lambda place: (_worth(tried[place], values[place], head, metric), -place))


UNSEARCHED = OrderSearch()


def _worth(judge: Judge, values: Values, head: int, metric: str) -> tuple[int, float]:
    """How a head stands by the values of its criteria."""
    return standing({name: values[name] for name in judge.groups[head]}, metric)


def _turned(judge: Judge, orders: Mapping[Group, Sequence[Group]]) -> list[Judge]:
    """The i-th has every head's i-th other order, or the head's own where it has fewer."""
    most = max(map(len, orders.values()))
    return [
        judge.with_groups([found[place] if place < len(found) else group for group, found in orders.items()])
        for place in range(most)
    ]
