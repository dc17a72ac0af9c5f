"""Anchor rows scored several times over: every call is sent, since a known answer says nothing of the judge today."""

from collections.abc import Sequence

import dspy
from dspy.utils.exceptions import LMError

from programs.applying.judging import counted
from programs.backends.metering import reseeded
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows, refuse_silence
from programs.records.calls import CallLog
from programs.screen import Screen, token_sum
from programs.settings import Settings
from signatures.records import Judgement

Calls = dict[str, dict[str, int]]


def scored(
    judge: Judge, rows: Sequence[dspy.Example], settings: Settings, draws: Sequence[int], calls: CallLog
) -> tuple[list[list[Judgement]], Calls]:
    """The rows' judgements once per draw, and the calls. A draw is a sampling seed: no two share their luck.

    At temperature 0 there is no seed, and draws differ by what the backend itself does not repeat. Raises LMError where
    no reply of a draw was a score, or a call was given up.
    """
    roles, total = cast_roles(settings, calls), len(rows) * judge.calls_per_row * len(draws)
    with Screen() as screen, counted(calls, screen), roles.playing("judge"):
        screen.tokens = lambda: token_sum(calls.summary())
        times = f", {len(draws)} times each" if len(draws) > 1 else ""
        screen.say(f"{len(rows)} rows{times}: {total} LM calls with {settings.judge_lm or settings.lm}")
        screen.expect(total)
        pool = Pool(settings.threads, screen.started)
        found = [_draw(judge, rows, pool, draw) for draw in draws]
        _refuse_gaps(calls)
    return found, calls.summary()


def _refuse_gaps(calls: CallLog) -> None:
    """A row whose call failed says nothing of the judge, and as unscored it would pass for drift of its coverage."""
    if lost := calls.summary().get("judge", {}).get("given_up", 0):
        raise LMError(f"{lost} calls failed on every attempt, and a check needs all: give the command again")


def _draw(judge: Judge, rows: Sequence[dspy.Example], pool: Pool, draw: int) -> list[Judgement]:
    with dspy.context(lm=reseeded(dspy.settings.lm, draw)):
        judgements = judge_rows(judge, rows, pool)
    refuse_silence(judgements)
    return judgements
