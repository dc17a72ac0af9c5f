"""The scores of one judge on the compared rows: read from its run where that has paid for them, else asked for."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dspy

from programs.applying.comparing.bill import Bill, Paid
from programs.applying.comparing.contestants import Contestant
from programs.applying.comparing.field import Field
from programs.applying.comparing.past_run import RowScores
from programs.applying.comparing.under import of_judge_only
from programs.applying.judging import judged
from programs.errors import UserError
from programs.optimizer.cast import cast_roles, check_lms
from programs.optimizer.fan_out import Pool
from programs.optimizer.scoring import judge_rows
from programs.optimizer.tested import row_mark
from programs.settings import Settings


@dataclass(frozen=True, eq=False)
class Plan:
    """What is known of a judge's scores before anything is asked; `known` maps row marks to them."""

    side: Contestant
    settings: Settings
    marks: Sequence[str]
    read: Sequence[dspy.Example]
    missing: Sequence[dspy.Example]
    known: Mapping[str, RowScores]

    @classmethod
    def of(cls, side: Contestant, found: Field, settings: Settings) -> "Plan":
        """Raises UserError where an LM that must be asked cannot be."""
        known = _known(side, found, settings)
        marked = [(row_mark(row["row_id"]), row) for row in found.rows]
        read, missing = ([row for mark, row in marked if (mark in known) == there] for there in (True, False))
        if missing:
            check_lms(settings)
        return cls(side, settings, [mark for mark, _ in marked], read, missing, known)


@dataclass(frozen=True, eq=False)
class Scored:
    """One entry a row. `known` rows were read from the run, `calls` counts what the others took.

    `fallback` counts scores that were to be expectations and are digits.
    """

    rows: Sequence[RowScores]
    settings: Settings
    bill: Bill
    known: int
    calls: Mapping[str, int] = field(default_factory=dict)
    fallback: int = 0


def scored(plan: Plan, paid: Paid) -> Scored:
    """Raises LMError where an LM fails for good, or no reply is a score."""
    bill = Bill()
    calls = paid.log(bill, reuse=plan.settings.reuse == "on")
    begun = time.monotonic()
    who = f"{plan.side.name}: "
    judgements = judged(plan.side.judge, plan.missing, plan.settings, calls, who)[0] if plan.missing else []
    tally = calls.summary().get("judge", {})
    bill.sent, bill.seconds = tally.get("calls", 0), time.monotonic() - begun
    _add_read(plan, paid, bill)
    every = {**plan.known, **{row_mark(each.row): each.scores for each in judgements}}
    fallback = sum(len(each.fallback) for each in judgements)
    return Scored([every[mark] for mark in plan.marks], plan.settings, bill, len(plan.read), tally, fallback)


def _known(side: Contestant, found: Field, settings: Settings) -> dict[str, RowScores]:
    """Row mark -> what the run's kept judge said of it, if it is asked in the same way here."""
    run = side.run
    if run is None or run.data != found.data or settings.reuse != "on":
        return {}
    before = of_judge_only(run.settings)
    if (settings.lm, settings.judge_temperature) != (before.lm, before.judge_temperature):
        return {}
    return run.scores(side.judge.readout)


def _add_read(plan: Plan, paid: Paid, bill: Bill) -> None:
    """Puts what the run's replies took on the bill; nothing is sent, and nothing added where the LM is not here."""
    if plan.side.run is None or not plan.read:
        return
    calls = paid.log(bill)
    calls.known_only = True
    try:
        roles = cast_roles(plan.settings, calls)
    except UserError:
        return
    with roles.playing("judge"):
        judge_rows(plan.side.run.judge(), plan.read, Pool(plan.settings.threads))
