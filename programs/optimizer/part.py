"""A judge reduced to some of its heads, or with the criteria of its prompts in another order."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from programs.optimizer.judge import Judge
from signatures.records import Group


def of_criteria(judge: Judge, names: Collection[str]) -> Judge:
    """The heads that score one of these criteria; the judge itself where that is all of them."""
    heads = {place: group for place, group in enumerate(judge.groups) if not {*group}.isdisjoint(names)}
    return judge if len(heads) == len(judge.groups) else of_heads(judge, heads)


def of_heads(judge: Judge, groups: Mapping[int, Group]) -> Judge:
    """These heads alone, by their places, with their criteria in this order; their calibration stays."""
    names = {name for group in groups.values() for name in group}
    task = replace(judge.task, criteria=tuple(each for each in judge.task.criteria if each.name in names))
    calibration = None if judge.calibration is None else judge.calibration.of_groups(groups.values())
    part = Judge(task, list(groups.values()), judge.rubric, **judge.form, calibration=calibration)
    for head, own in zip(part.heads, groups, strict=True):
        head.demos = judge.heads[own].demos
    return part
