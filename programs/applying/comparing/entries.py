"""The judges as a comparison shows them, and what a reader must know of them before the numbers."""

from collections.abc import Mapping, Sequence

from programs.applying.comparing.asking import Scored
from programs.applying.comparing.contestants import Contestant, Given, Side
from programs.applying.comparing.costs import Cost, Prices, cost_of
from programs.applying.comparing.field import Field
from programs.applying.comparing.findings import Entry, scores_of_rows
from programs.applying.comparing.given import GivenScores
from programs.optimizer.judge import Judge
from signatures.records import Criterion

GIVEN = "given"
"""The readout of somebody else's judge, which nobody here knows."""


def entry_of(
    side: Contestant,
    answers: Scored,
    field: Field,
    criteria: Sequence[Criterion],
    prices: Prices,
) -> Entry:
    """A judge of this program."""
    return Entry(
        name=side.name,
        what=f"run {side.run.folder.path}" if side.run is not None else f"judge {side.path}",
        lm=answers.settings.lm,
        readout=_read_by(side.judge),
        origin=_origin(answers),
        cost=cost_of(side, answers, prices),
        scores=scores_of_rows(criteria, field, answers.rows),
        calls=answers.calls,
        fallback=answers.fallback,
    )


def entry_of_given(side: Given, scores: GivenScores, field: Field, criteria: Sequence[Criterion]) -> Entry:
    """Somebody else's scores."""
    others = f"; {scores.others} other rows in it" if scores.others else ""
    return Entry(
        name=side.name,
        what=f"table {side.file}" if side.file is not None else "columns of the rows' own table",
        lm="",
        readout=GIVEN,
        origin=f"{scores.found} of {len(field.rows)} rows found{others}",
        cost=Cost(),
        scores=scores_of_rows(criteria, field, scores.rows),
    )


def notes_on(sides: Sequence[Side], field: Field, entries: Sequence[Entry], left_out: Mapping[str, str]) -> list[str]:
    """Rows and criteria that are left out, what is not known of a judge, and how judges are read."""
    notes = [f"rows: {field.where}, {len(field.rows)} of {field.total}{_seen(field)}"]
    notes += [f"{name} is not compared: {reason}" for name, reason in left_out.items()]
    for side in sides:
        if isinstance(side, Contestant) and side.run is None:
            notes.append(f"{side.name} is a judge without its run: whether it was trained on these rows is not known")
    readouts = {entry.name: entry.readout for entry in entries if entry.readout != GIVEN}
    if len(set(readouts.values())) > 1:
        words = ", ".join(f"{name} by {readout}" for name, readout in readouts.items())
        notes.append(
            f"scores are read in different ways ({words}): expectations break ties and calibrations take an offset "
            "away, which is no merit of a rubric; --readout reads all in one way, without calibrations of another"
        )
    notes += [
        f"{entry.fallback} scores of {entry.name} are digits for want of token probabilities"
        for entry in entries
        if entry.fallback
    ]
    return notes


def _read_by(judge: Judge) -> str:
    return judge.readout if judge.calibration is None else f"{judge.readout}, {judge.calibration.method}"


def _origin(answers: Scored) -> str:
    asked = len(answers.rows) - answers.known
    read = [f"{answers.known} rows read from the run, 0 LM calls"] if answers.known else []
    if asked:
        sent, reused = answers.calls.get("calls", 0), answers.calls.get("reused", 0)
        read.append(f"{asked} rows asked: {sent} LM calls, {reused} reused")
    return "; ".join(read)


def _seen(field: Field) -> str:
    if not field.seen:
        return ""
    words = ", ".join(f"{name} {count}" for name, count in field.seen.items())
    return f"; {field.total - len(field.rows)} left out, since runs have trained or validated on them ({words})"
