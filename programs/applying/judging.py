"""One compiled judge on rows: as it was saved or with another readout, with its calls counted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dspy

from metrics.logprobs import asking_logprobs
from programs.backends.roles import Roles
from programs.errors import UserError
from programs.optimizer.cast import cast_roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.heads import OWN, divided, layout
from programs.optimizer.judge import Judge
from programs.optimizer.scoring import judge_rows, refuse_silence
from programs.records.calls import CallLog
from programs.screen import Screen, token_sum
from programs.settings import Settings
from signatures.records import Judgement


def read_as(judge: Judge, flags: Mapping[str, Any]) -> Judge:
    """The judge with the readout and the division among calls that were asked for; its own where none were."""
    division = flags.get("judge", OWN)
    judge = judge if division == OWN else _divided(judge, division)
    readout = flags.get("readout", judge.readout)
    if readout != judge.readout:  # a calibration is of scores that are read in one way
        judge.calibration = None
    judge.readout = readout
    return judge


def _divided(judge: Judge, division: str) -> Judge:
    if any(head.demos for head in judge.heads) and not judge.anchors:
        raise UserError(f"--judge {division}: the judge has demos, made for its own calls; leave the flag out")
    groups = divided(division, judge.task.criterion_names)
    return judge.with_groups(groups, layout(division, judge.adapter))


def asking_probabilities(judge: Judge, wanted: str, lm: dspy.LM) -> Judge:
    """The judge, told whether to ask for token probabilities: `wanted` is on, off, or auto (where `lm` gives them).

    With auto, a server that refuses them all the same is asked without. Raises UserError where they are to be had and
    cannot, or are needed and switched off.
    """
    if judge.decides and wanted == "off":
        raise UserError("--probabilities off: a judge of decisions is made of them; leave the flag out")
    gives = judge.decides or bool(asking_logprobs(lm))
    if wanted == "off" and judge.readout == "expected":
        raise UserError("--probabilities off: expectations are read from them; give --readout digits too")
    if wanted == "on" and not gives:
        raise UserError(f"--probabilities on: {lm.model} is known not to give token probabilities; leave the flag out")
    judge.probabilities = gives and wanted != "off"
    judge.forgoing = [] if wanted == "auto" and judge.readout == "digits" else None
    return judge


def judged(
    judge: Judge, rows: Sequence[dspy.Example], settings: Settings, calls: CallLog | None = None, who: str = ""
) -> tuple[list[Judgement], Roles]:
    """The rows' judgements, in order, and the roles that hold the calls. Raises LMError where no reply was a score.

    `calls` is the log to ask through (default: a new one), `who` what the person is told of whose calls they are.
    """
    (judgements,), roles = judged_by([judge], rows, settings, calls, who)
    return judgements, roles


def judged_by(
    judges: Sequence[Judge],
    rows: Sequence[dspy.Example],
    settings: Settings,
    calls: CallLog | None = None,
    who: str = "",
) -> tuple[list[list[Judgement]], Roles]:
    """The same of several judges, whose calls are announced and counted together."""
    roles = cast_roles(settings, calls or CallLog())
    most = len(rows) * sum(judge.calls_per_row for judge in judges)
    found = []
    with Screen() as screen, counted(roles.calls, screen), roles.playing("judge"):
        screen.tokens = lambda: token_sum(roles.calls.summary())
        screen.say(f"{who}{len(rows)} rows, at most {most} LM calls")
        screen.expect(most)
        pool = Pool(settings.threads, screen.started)
        for judge in judges:
            found.append(judge_rows(judge, rows, pool))
            refuse_silence(found[0])  # at once: the others are not asked of a backend that says nothing
            roles.refuse_trouble("judge")
        tell_reuse(roles.calls, screen)
    return found, roles


def tell_reuse(calls: CallLog, screen: Screen) -> None:
    """Says that replies were known: DSPy's cache goes by the LM's name, so a server that has changed is not noticed."""
    if reused := calls.summary().get("judge", {}).get("reused", 0):
        screen.say(f"{reused} replies were known already, by the LM's name and not its server; --reuse off asks again")


@contextmanager
def counted(calls: CallLog, screen: Screen) -> Iterator[None]:
    """Where the block ends before its time, says how many calls that took: they are paid for all the same."""
    try:
        yield
    except BaseException:
        tally = calls.summary().get("judge", {})
        sent, failed = tally.get("calls", 0), tally.get("failed", 0)
        kept = calls.reuse and dspy.cache.enable_disk_cache
        known = "; the same command asks for the rest only, since DSPy's cache keeps the replies" if kept else ""
        screen.say(f"ended early: {sent} LM calls were sent, {failed} of them failed{known}")
        raise


def fallbacks(judgements: Sequence[Judgement]) -> int:
    """How many scores were to be expectations and could not."""
    return sum(len(each.fallback) for each in judgements)


def show_fallback(count: int, screen: Screen) -> None:
    """Says how many scores were to be expectations and could not."""
    screen.result(f"\nread as digits for want of token probabilities: {count} scores")
