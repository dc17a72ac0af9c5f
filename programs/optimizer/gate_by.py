"""What the gate accepts or refuses: a head's rewrite as a whole, or of a joint rewrite the rubrics that improve.

Rubrics interact in one prompt, so a part of a rewrite is a judge that nobody has scored: it is judged itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from metrics.scores import Scores
from programs.errors import UserError
from programs.optimizer.estimate import Plan
from programs.optimizer.gate import Accept, Verdict
from programs.optimizer.heads import largest_groups
from programs.optimizer.incumbent import Incumbent
from programs.optimizer.race import Look
from programs.settings import Settings
from signatures.records import Group, Rubric


@dataclass(frozen=True)
class Proposed:
    """A step's proposal as the gate gets it: the step's number, the new rubrics, the criteria that they are about, when
    the gate looks, and where to say what was done (see `Moment.told`)."""

    number: int
    rubric: Rubric
    focus: Group
    looks: Sequence[Look]
    told: dict[str, Mapping[str, Any]]


Consider = Callable[[Incumbent, Proposed], list[Verdict]]
"""A verdict a head on what was proposed; the heads that are kept are the incumbent's then."""


def by_prompt(incumbent: Incumbent, proposed: Proposed) -> list[Verdict]:
    """The paper's: each head's rewrite is accepted or refused whole, by the mean over its criteria."""
    return incumbent.consider(proposed.number, proposed.rubric, proposed.looks)


def by_criterion(incumbent: Incumbent, proposed: Proposed) -> list[Verdict]:
    """Of a head's rewrite only the rubrics whose own criterion the gate accepts; these are judged together, and kept by
    the gate's rule for the head unless a criterion, by the same rule, got worse.

    The choice of the part takes one more judging of the gate's rows, none where a head has one criterion. Raises
    UserError for a race.
    """
    (look,) = one_look(proposed.looks)
    judge, rule = incumbent.judge, [replace(look, accept=harmless(look.accept))]
    if not may_divide(judge.groups, len(proposed.focus)):
        return incumbent.consider(proposed.number, proposed.rubric, rule)
    changed = {group: _changed(judge.rubric, proposed.rubric, group) for group in judge.groups}
    own = _own_verdicts(incumbent, proposed, look, [names for names in changed.values() if len(names) > 1])
    dropped = [name for name, verdict in own.items() if not verdict.kept]
    part = {name: text for name, text in proposed.rubric.items() if name not in dropped}
    verdicts = incumbent.consider(proposed.number, part, rule)
    proposed.told["gate_by"] = {
        "proposed": sum(map(len, changed.values())),
        "dropped": len(dropped),
        "criteria": {name: _words(verdict) for name, verdict in own.items()},
    }
    return [
        _none_better(verdict, own, look)
        if changed[verdict.group] and {*changed[verdict.group]} <= {*dropped}
        else verdict
        for verdict in verdicts
    ]


GATE_BY: Mapping[str, Consider] = {"prompt": by_prompt, "criterion": by_criterion}


def may_divide(groups: Sequence[Group], focus: int) -> bool:
    """Whether a rewrite about so many criteria may come to be divided: it is of several in one prompt."""
    return focus > 1 and any(len(group) > 1 for group in groups)


def dividing_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """The judge's calls beside the paper's: the gate's rows once more a step."""
    groups = largest_groups(settings.judge, plan.mode, plan.criteria)
    divided = settings.gate_by == "criterion" and may_divide(groups, len(plan.focus or plan.criteria))
    return {"judge": plan.heads * plan.steps * plan.gate_rows} if divided else {}


def require_gate(settings: Settings) -> None:
    """Raises UserError where `--gate-by criterion` has no gate, or one that it cannot be with."""
    if settings.gate_by != "criterion":
        return
    if settings.gate == "none":
        raise UserError("--gate-by criterion needs a gate: give a --gate other than none, or leave it out")
    if settings.race == "on":
        raise no_race()


def one_look(looks: Sequence[Look]) -> Sequence[Look]:
    """Raises UserError for a race."""
    if len(looks) > 1:
        raise no_race()
    return looks


def no_race() -> UserError:
    """Its stated error is that of one comparison, not of a choice among the criteria."""
    return UserError("--gate-by criterion goes with --race off: a race compares whole prompts; leave one of them out")


def harmless(accept: Accept) -> Accept:
    """The same rule, and no criterion got worse by it: judged the other way round, none would be a gain."""

    def careful(before: Scores, after: Scores, group: Group) -> Verdict:
        found = accept(before, after, group)
        for name in group if found.kept else ():
            back = accept(after, before, (name,))
            if back.kept and back.difference is not None and back.difference > 0:
                return replace(found, kept=False, reason=f"{name} got worse")
        return found

    return careful


def _changed(rubric: Rubric, proposal: Rubric, group: Group) -> list[str]:
    return [name for name in group if proposal.get(name, rubric[name]) != rubric[name]]


def _own_verdicts(
    incumbent: Incumbent, proposed: Proposed, look: Look, joint: Sequence[Sequence[str]]
) -> dict[str, Verdict]:
    """The gate's verdict on each criterion whose rubric was rewritten along with others of its head."""
    if not joint:
        incumbent.leave()
        return {}
    before, after = incumbent.compared(proposed.number, proposed.rubric)
    return {name: look.accept(before, after, (name,)) for names in joint for name in names}


def _none_better(verdict: Verdict, own: Mapping[str, Verdict], look: Look) -> Verdict:
    """What is said of a head of which nothing is left to accept."""
    before = {name: own[name].before[name] for name in verdict.group if name in own}
    after = {name: own[name].after[name] for name in before}
    return Verdict(verdict.group, False, "no criterion improved", before, after, rows=look.rows)


def _words(verdict: Verdict) -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in ("kept", "reason", "difference", "probability")}
