"""Ratings worth a further opinion, as a table that can be handed to raters: ids, scores and reasons, without a text."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import dspy

from metrics.relabel import Divided

COLUMNS = ("row", "criterion", "priority", "disagreement", "rating", "raters", "judge")
"""`raters` are the single scores; `priority` and `disagreement` are shares of the scale (see `metrics.relabel`)."""


def relabel_records(found: Sequence[Divided], rows: Sequence[dspy.Example]) -> list[dict[str, Any]]:
    """One record a rating, in the order of `found`; `rows` are those that the scores are of."""
    return [
        {
            "row": rows[each.row]["row_id"],
            "criterion": each.criterion,
            "priority": round(each.priority, 3),
            "disagreement": round(each.disagreement, 3),
            "rating": round(each.human, 3),
            "raters": list(each.given),
            "judge": None if each.judge is None else round(each.judge, 3),
        }
        for each in found
    ]


def as_csv(records: Sequence[dict[str, Any]]) -> str:
    """The records as CSV: a rating's single scores in one cell, unscored empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**each, "raters": " ".join(f"{score:g}" for score in each["raters"])} for each in records)
    return text.getvalue()
