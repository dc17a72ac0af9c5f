"""Scoring rows with a judge, and the scores of a set as the metrics want them."""

from collections.abc import Mapping, Sequence

import dspy
from dspy.utils.exceptions import LMError

from metrics.panel import rater_array
from metrics.scores import Scores
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge, Reading
from signatures.records import Judgement


def judge_rows(judge: Judge, rows: Sequence[dspy.Example], pool: Pool, phase: str = "judge") -> list[Judgement]:
    """One judgement a row, in the rows' order.

    All heads x rows in one flat pool, head by head: the order that prefix caches reward.
    """
    asked = [(head, row) for head in range(len(judge.heads)) for row in rows]
    answers = pool.map(phase, lambda item: judge.answer(item[0], item[1]), asked)
    found: list[dict[str, Reading]] = [{} for _ in rows]
    for position, answer in enumerate(answers):
        found[position % len(rows)].update(answer)
    return [_judgement(row["row_id"], readings, judge) for row, readings in zip(rows, found, strict=True)]


def _judgement(row: str, readings: Mapping[str, Reading], judge: Judge) -> Judgement:
    scores = {name: each.score for name, each in readings.items()}
    if judge.readout == "digits":
        return Judgement(row, scores)
    digits = {name: each.digit for name, each in readings.items()}
    return Judgement(row, scores, digits, tuple(name for name, each in readings.items() if each.fallback))


def refuse_silence(judgements: Sequence[Judgement]) -> None:
    """Raises LMError where no reply at all held a score: that is a broken backend, not a result of a judge."""
    if judgements and not any(score is not None for each in judgements for score in each.scores.values()):
        raise silence()


def silence() -> LMError:
    return LMError("no reply held a valid score: try another --lm, or --schema off for a server without schemas")


def scores_of(judge: Judge, rows: Sequence[dspy.Example], judgements: Sequence[Judgement]) -> Scores:
    """Human ratings and judge's scores of the rows, side by side."""
    criteria = judge.task.criteria
    human = [{criterion.name: row[criterion.name] for criterion in criteria} for row in rows]
    documents, systems = ([row.get(name) for row in rows] for name in ("document_id", "system_id"))
    raters = rater_array([row.get("rater_scores") or {} for row in rows], judge.task.criterion_names)
    return Scores.of(criteria, human, judgements, documents, systems, raters)
