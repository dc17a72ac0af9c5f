"""The scores of one judge on the compared rows: read from its run where that has paid for them, else asked for."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import dspy

from programs.applying.comparing.bill import Bill, Paid
from programs.applying.comparing.contestants import Contestant
from programs.applying.comparing.field import Field
from programs.applying.comparing.past_run import RowScores
from programs.applying.comparing.under import of_judge_only
from programs.applying.judging import judged
from programs.errors import UserError
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.scoring import judge_rows
from programs.optimizer.tested import row_mark
from programs.settings import Settings


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


def scored(side: Contestant, found: Field, settings: Settings, paid: Paid) -> Scored:
    """Raises LMError where an LM fails for good, or no reply is a score."""
    known, bill = _known(side, found, settings), Bill()
    marks = [row_mark(row["row_id"]) for row in found.rows]
    calls = paid.log(bill, reuse=settings.reuse == "on")
    missing = [row for row, mark in zip(found.rows, marks, strict=True) if mark not in known]
    begun = time.monotonic()
    judgements = judged(side.judge, missing, settings, calls, f"{side.name}: ")[0] if missing else []
    tally = calls.summary().get("judge", {})
    bill.sent, bill.seconds = tally.get("calls", 0), time.monotonic() - begun
    _add_known(side, [row for row, mark in zip(found.rows, marks, strict=True) if mark in known], settings, paid, bill)
    every = known | {row_mark(each.row): each.scores for each in judgements}
    fallback = sum(len(each.fallback) for each in judgements)
    return Scored([every[mark] for mark in marks], settings, bill, len(marks) - len(missing), tally, fallback)


def _known(side: Contestant, found: Field, settings: Settings) -> dict[str, RowScores]:
    """Row mark -> what the run's kept judge said of it, if it is asked in the same way here."""
    run = side.run
    if run is None or run.data != found.data or settings.reuse != "on":
        return {}
    before = of_judge_only(run.settings)
    if (settings.lm, settings.judge_temperature) != (before.lm, before.judge_temperature):
        return {}
    return dict(run.scores(side.judge.readout))


def _add_known(side: Contestant, rows: Collection[dspy.Example], settings: Settings, paid: Paid, bill: Bill) -> None:
    """Puts what the run's replies took on the bill; nothing is sent, and nothing added where the LM is not here."""
    if side.run is None or not rows:
        return
    calls = paid.log(bill)
    calls.known_only = True
    try:
        roles = cast_roles(settings, calls)
    except UserError:
        return
    with roles.playing("judge"):
        judge_rows(side.run.judge(), list(rows), Pool(settings.threads))
