"""Scoring rows with a judge, and the scores of a set as the metrics want them."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import dspy
from dspy.utils.exceptions import LMError

from metrics.metric import RANKED
from metrics.panel import rater_array
from metrics.score_maps import Calibration
from metrics.scores import Scores
from programs.optimizer.fan_out import Later, Pool
from programs.optimizer.judge import Judge, Reading
from programs.optimizer.sequence import Sequenced
from signatures.records import Judgement

CHUNK = 32
"""Rows that several heads judge one head after the other before the next rows begin: fewer prefixes to load, and yet
a row is whole soon."""

Readings = dict[str, Reading]
"""Criterion -> what one head's reply says of it."""


def judge_rows(judge: Judge, rows: Sequence[dspy.Example], pool: Pool, phase: str = "judge") -> list[Judgement]:
    """One judgement a row, in the rows' order.

    All heads x rows in one flat pool, the rows of a document together and in the order that prefix caches reward (see
    `Sequenced`).
    """
    order = by_document(rows)
    judgements = judge_in_order(judge, [rows[place] for place in order], pool, phase, chunk=len(rows))
    found = dict(zip(order, judgements, strict=True))
    return [found[place] for place in range(len(rows))]


def by_document(rows: Sequence[dspy.Example]) -> list[int]:
    """The rows' places, those of one document side by side, by where the documents first appear."""
    first: dict[str, int] = {}
    documents = (row.get("document_id") for row in rows)
    starts = [place if name is None else first.setdefault(name, place) for place, name in enumerate(documents)]
    return sorted(range(len(rows)), key=lambda place: starts[place])


def judge_in_order(
    judge: Judge, rows: Sequence[dspy.Example], pool: Pool, phase: str = "judge", chunk: int = CHUNK
) -> Generator[Judgement]:
    """The judgements of the rows one by one, each as soon as it and all before it are known.

    To be closed where it is not read to its end (see `in_order`).
    """
    asked = Sequenced.of(judge, rows, pool, chunk)
    with closing(pool.in_order(phase, _answering(judge), asked.items, asked.positions)) as answers:
        yield from _gathered(asked, answers)


def judge_later(judge: Judge, rows: Sequence[dspy.Example], pool: Pool, phase: str = "judge") -> "Scoring":
    """The same of `judge_rows`, in the background of the pool."""
    asked = Sequenced.of(judge, rows, pool, len(rows))
    return Scoring(asked, pool.later(phase, _answering(judge), asked.items, asked.positions))


@dataclass(frozen=True, eq=False)
class Scoring:
    """The rows' judgements that are made in the background."""

    asked: Sequenced
    answers: Later[Readings]

    @property
    def judge(self) -> Judge:
        return self.asked.judge

    @property
    def done(self) -> bool:
        """Whether nothing of it is under way or to come."""
        return self.answers.done

    @property
    def whole(self) -> bool:
        """Whether all of it was answered."""
        return self.answers.whole

    def judgements(self) -> list[Judgement]:
        """All of them, waited for. Raises what ended them before."""
        return list(_gathered(self.asked, self.answers.in_order()))

    def wait_for_score(self) -> None:
        """Returns as soon as a reply held a valid score. Raises LMError where none did."""
        readings = (each for found in self.answers.in_order() for each in found.values())
        if self.asked.parts and all(each.score is None for each in readings):
            raise silence()


def _answering(judge: Judge) -> Callable[[tuple[int, dspy.Example]], Readings]:
    return lambda item: judge.answer(item[0], item[1])


def _gathered(asked: Sequenced, answers: Iterable[Readings]) -> Generator[Judgement]:
    """A row's judgement from its heads' answers, as soon as it has the last one."""
    judge, heads, answers = asked.judge, len(asked.judge.heads), iter(answers)
    for part in asked.parts:
        found: list[Readings] = [{} for _ in part]
        for number, answer in zip(range(heads * len(part)), answers, strict=False):
            place = number % len(part)
            found[place].update(answer)
            if number >= (heads - 1) * len(part):
                yield _judgement(part[place]["row_id"], found[place], judge)


def _judgement(row: str, readings: Mapping[str, Reading], judge: Judge) -> Judgement:
    scores = {name: each.score for name, each in readings.items()}
    chances = {name: each.chances for name, each in readings.items() if each.chances is not None}
    replied = all(each.replied for each in readings.values())
    partial = {name: each.unscored for name, each in readings.items() if each.unscored}
    if judge.readout == "digits":
        return calibrated(Judgement(row, scores, chances=chances, replied=replied, partial=partial), judge.calibration)
    digits = {name: each.digit for name, each in readings.items()}
    fallback = tuple(name for name, each in readings.items() if each.fallback)
    return calibrated(Judgement(row, scores, digits, fallback, chances, replied, partial), judge.calibration)


def calibrated(judgement: Judgement, calibration: Calibration | None) -> Judgement:
    """The judgement as a judge with that calibration gives it; its raw scores stay beside."""
    raw = judgement.raw or judgement.scores
    return judgement if calibration is None else replace(judgement, scores=calibration.scores(raw), raw=raw)


def uncalibrated(judgement: Judgement) -> Judgement:
    """The judgement with its raw scores."""
    return replace(judgement, scores=judgement.raw, raw={}) if judgement.raw else judgement


def refuse_silence(judgements: Sequence[Judgement]) -> None:
    """Raises LMError where no reply at all held a score: that is a broken backend, not a result of a judge."""
    if judgements and not any(score is not None for each in judgements for score in each.scores.values()):
        raise silence()


class Silence(LMError):
    """No reply at all held a score."""

    default_code = "silence"


def silence() -> Silence:
    return Silence("no reply held a valid score: try another --lm, or --schema off for a server without schemas")


def scores_of(judge: Judge, rows: Sequence[dspy.Example], judgements: Sequence[Judgement]) -> Scores:
    """Human ratings and judge's scores of the rows, side by side."""
    criteria = judge.task.criteria
    human = [{criterion.name: row[criterion.name] for criterion in criteria} for row in rows]
    documents, systems = ([row.get(name) for row in rows] for name in ("document_id", "system_id"))
    raters = rater_array([row.get("rater_scores") or {} for row in rows], judge.task.criterion_names)
    return Scores.of(criteria, human, judgements, documents, systems, raters)


def scores_for(metric: str, judge: Judge, rows: Sequence[dspy.Example], judgements: Sequence[Judgement]) -> Scores:
    """What judges are compared by: calibrated scores, but raw ones by a metric of ranks.

    A calibration leaves ranks as they are, or ties some; it has no part in whose order is better, and need not be
    fitted to know.
    """
    return scores_of(judge, rows, list(map(uncalibrated, judgements)) if metric in RANKED else judgements)
