"""What a comparison finds: every number once, for the screen, the JSON file and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from metrics.ceiling import ceiling
from metrics.estimates import by_document, by_document_difference, pooled, pooled_difference
from metrics.intervals import value_scale
from metrics.metric import METRICS, Metric
from metrics.noninferiority import Comparison, compare, judge_all
from metrics.panel import rater_array
from metrics.scores import Scores, both_scored
from metrics.spread import widest
from metrics.summary import Cell, cell_table
from programs.applying.comparing.costs import Cost
from programs.applying.comparing.field import Field
from programs.applying.comparing.past_run import RowScores
from signatures.records import Criterion, Judgement

VIEWS = ("pooled", "by_document")
_VALUES = {"pooled": pooled, "by_document": by_document}
_DIFFERENCES = {"pooled": pooled_difference, "by_document": by_document_difference}
SHORT = 200
"""Characters of a row's text that are quoted."""


@dataclass(frozen=True)
class Question:
    """What is asked of the scores. `against` is "first" (all others against the first judge) or "all" (every pair)."""

    metric: str = "spearman"
    margin: float = 0.02
    against: str = "first"
    rows: int = 10
    seed: int = 0

    @property
    def of(self) -> Metric:
        return METRICS[self.metric]

    def pairs(self, count: int) -> list[tuple[int, int]]:
        """Places of reference and candidate."""
        last = 1 if self.against == "first" else count
        return [(one, other) for one in range(last) for other in range(one + 1, count)]


@dataclass(frozen=True, eq=False)
class Entry:
    """One judge: what it is, where its scores come from, what it costs, and its scores on the shared criteria."""

    name: str
    what: str
    lm: str
    readout: str
    origin: str
    cost: Cost
    scores: Scores
    calls: Mapping[str, int] = field(default_factory=dict)
    fallback: int = 0


@dataclass(frozen=True, eq=False)
class Pair:
    """`views`: pooled or by_document -> `mean` and criterion -> the candidate minus the reference."""

    reference: Entry
    candidate: Entry
    views: Mapping[str, Mapping[str, Comparison]]
    coverage: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, eq=False)
class Findings:
    """`left_out` says of criteria why they are not compared, `notes` what a reader must know before the numbers.

    `apart` holds place and spread of the rows where the judges differ most, `ceiling` what `metrics.ceiling` says.
    """

    question: Question
    field: Field
    criteria: Sequence[Criterion]
    left_out: Mapping[str, str]
    notes: Sequence[str]
    entries: Sequence[Entry]
    values: Mapping[str, Sequence[Mapping[str, Cell]]]
    pairs: Sequence[Pair]
    apart: Sequence[tuple[int, float]]
    ceiling: Mapping[str, Any]

    @property
    def views(self) -> list[str]:
        """Those in which there is something to say: rows without documents have none by document."""
        return [view for view in VIEWS if any(cells["mean"]["n"] for cells in self.values[view])]

    def texts(self, place: int) -> dict[str, str]:
        """The texts of a row by their labels, on one line and cut."""
        row = self.field.rows[place]
        return {each.label: shortened(str(row[each.name]), SHORT) for each in self.field.task.inputs}


def scores_of_rows(criteria: Sequence[Criterion], found: Field, rows: Sequence[RowScores]) -> Scores:
    """One judge's scores beside the ratings of the compared rows, on the shared criteria."""
    human = [{criterion.name: row[criterion.name] for criterion in criteria} for row in found.rows]
    judgements = [Judgement(row["row_id"], scores) for row, scores in zip(found.rows, rows, strict=True)]
    raters = rater_array([row.get("rater_scores") or {} for row in found.rows], [each.name for each in criteria])
    documents = [row.get("document_id") for row in found.rows]
    return Scores.of(criteria, human, judgements, documents, raters=raters)


def find(
    question: Question,
    found: Field,
    entries: Sequence[Entry],
    left_out: Mapping[str, str],
    notes: Sequence[str],
) -> Findings:
    """All values, all differences with their verdicts, and the rows to look at."""
    values = {view: [_values(entry.scores, view, question) for entry in entries] for view in VIEWS}
    apart = widest([entry.scores for entry in entries], question.rows)
    criteria, pairs = entries[0].scores.criteria, _pairs(entries, question)
    limits = ceiling({entry.name: entry.scores for entry in entries}, seed=question.seed)
    return Findings(question, found, criteria, left_out, notes, entries, values, pairs, apart, limits)


def shortened(text: str, most: int) -> str:
    """On one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def as_json(found: Findings) -> dict[str, Any]:
    """What `--out` holds. Texts are cut, and only of the rows where the judges differ most."""
    question = found.question
    return {
        "metric": question.metric,
        "margin": question.margin,
        "against": question.against,
        "seed": question.seed,
        "rows": {
            "which": found.field.where,
            "compared": len(found.field.rows),
            "of": found.field.total,
            "seen_by": dict(found.field.seen),
        },
        "left_out": dict(found.left_out),
        "notes": list(found.notes),
        "judges": [_entry_json(found, place) for place in range(len(found.entries))],
        "comparisons": [
            {
                "reference": pair.reference.name,
                "candidate": pair.candidate.name,
                **pair.views,
                "coverage": pair.coverage,
            }
            for pair in found.pairs
        ],
        "ceiling": found.ceiling,
        "differ_most": [_apart_json(found, place, spread) for place, spread in found.apart],
    }


def _entry_json(found: Findings, place: int) -> dict[str, Any]:
    entry = found.entries[place]
    own = {key: getattr(entry, key) for key in ("name", "what", "lm", "readout", "origin")}
    agreement = {view: found.values[view][place] for view in VIEWS}
    counted = {"calls": dict(entry.calls), "per_1000_judgements": asdict(entry.cost)}
    return {**own, **agreement, "coverage": entry.scores.coverage(), **counted}


def _apart_json(found: Findings, place: int, spread: float) -> dict[str, Any]:
    row = found.field.rows[place]
    scores = {
        criterion.name: {
            "raters": row[criterion.name],
            **{entry.name: _or_none(entry.scores.judge[place, column]) for entry in found.entries},
        }
        for column, criterion in enumerate(found.criteria)
    }
    return {"row": row["row_id"], "spread": spread, "texts": found.texts(place), "scores": scores}


def _values(scores: Scores, view: str, question: Question) -> dict[str, Cell]:
    metric = question.of
    estimate = _VALUES[view](scores, [metric], question.seed)
    return cell_table(estimate, [metric.name], [value_scale(metric)], scores.names, seed=question.seed)[metric.name]


def _pairs(entries: Sequence[Entry], question: Question) -> list[Pair]:
    sides = [(entries[one], entries[other]) for one, other in question.pairs(len(entries))]
    verdicts = {
        view: judge_all([_compared(*pair, view, question) for pair in sides], question.of, question.margin)
        for view in VIEWS
    }
    return [
        Pair(
            *pair,
            {view: verdicts[view][place] for view in VIEWS},
            both_scored(*(entry.scores for entry in pair))[1].coverage(),
        )
        for place, pair in enumerate(sides)
    ]


def _compared(reference: Entry, candidate: Entry, view: str, question: Question) -> dict[str, Comparison]:
    change = _DIFFERENCES[view](reference.scores, candidate.scores, [question.of], question.seed)
    return compare(change, question.of, reference.scores.names, question.margin, seed=question.seed)


def _or_none(score: float) -> float | None:
    return None if score != score else float(score)
