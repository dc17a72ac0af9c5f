"""One cell of a table, read as a text or as a rating; what cannot be read is a ValueError that says why."""

import math
import re
from typing import Any

from signatures.records import Criterion

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing: null, not a number (how Parquet often stores null), or blank text."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and math.isnan(value))


def text_cell(value: Any) -> str:
    """A cell as text, exactly as it stands; numbers become text, anything else that is not text is refused."""
    if is_empty(value):
        raise ValueError("is empty; fill it in or remove the row")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"holds {shown(value)}, not text")
    text = str(value)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half a surrogate pair, which is no character; export the text again")
    return text


def rating_cell(value: Any, criterion: Criterion) -> float:
    """A human rating: a whole number or a fraction (mean of raters) within the criterion's scale."""
    scale = f"{criterion.low}-{criterion.high}"
    if is_empty(value):
        raise ValueError(f"is empty; give a rating of {scale} or remove the row")
    rating = _number(value)
    if rating is None or not math.isfinite(rating):
        raise ValueError(f"is {shown(value)}, not a number; give a rating of {scale} or remove the row")
    if not criterion.low <= rating <= criterion.high:
        raise ValueError(f"is {shown(value)}, outside the scale {scale}; correct it, or declare the scale it is on")
    return rating


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def shown(value: Any) -> str:
    """A value in an error message: on one line, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
