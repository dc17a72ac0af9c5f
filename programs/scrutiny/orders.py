"""A judge that is asked for the same criteria in other orders."""

from metrics.attribution import orders
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.optimizer.part import of_heads


def other_orders(judge: Judge, count: int) -> list[Judge]:
    """`count` judges that differ from this one in the order of the criteria in each prompt, and in nothing else.

    The first has the reverse order; the others have a part of the criteria moved to the end, or that reversed. Heads of
    a single criterion have no order and are left out, so the judges score only the other criteria.
    Raises UserError where there are fewer other orders.
    """
    if not count:
        return []
    joint = [head for head, group in enumerate(judge.groups) if len(group) > 1]
    if not joint:
        raise UserError(
            f"--orders {count}: every prompt of this judge asks for one criterion, so there is no order to change: "
            "leave --orders out"
        )
    size = min(len(judge.groups[head]) for head in joint)
    most = 1 if size == 2 else 2 * size - 1
    if count > most:
        raise UserError(f"--orders {count}: {size} criteria in one prompt have {most} other orders here: lower it")
    turned = {head: orders(judge.groups[head], count + 1)[1:] for head in joint}
    return [of_heads(judge, {head: found[place] for head, found in turned.items()}) for place in range(count)]
