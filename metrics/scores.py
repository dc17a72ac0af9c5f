"""What a judge and the human raters said of the same rows, as arrays; unscored stays NaN, never a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from signatures.records import Criterion, Judgement

Values = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Scores:
    """`n` rows on `K` criteria: `human` and `judge` are (n, K), and NaN in `judge` is unscored.

    Human ratings may be fractions (means of raters) and are never missing; judge scores may be real numbers (an
    expectation over levels). `documents` (n,) are codes of the source that a row belongs to: rows of one document
    resemble each other, so every interval resamples documents. `None` says that every row stands for itself.
    `systems` (n,) are codes of what wrote the judged text, where that is known.
    `raters` (n, K, R) are the scores of single raters whose mean is `human`, NaN where a rater gave none (see
    `metrics.panel`); `None` where only their mean is known.
    Raises `ValueError` on arrays that do not fit together and on human ratings that are missing.
    """

    criteria: tuple[Criterion, ...]
    human: Values
    judge: Values
    documents: Codes | None = None
    systems: Codes | None = None
    raters: Values | None = None

    def __post_init__(self) -> None:
        if self.human.ndim != 2 or self.human.shape[1] != len(self.criteria) or self.human.shape != self.judge.shape:
            shapes = f"human {self.human.shape}, judge {self.judge.shape}"
            raise ValueError(f"{shapes} and {len(self.criteria)} criteria do not fit together")
        for kind, codes in (("document", self.documents), ("system", self.systems)):
            if codes is not None and codes.shape != (len(self),):
                raise ValueError(f"{len(self)} rows but {codes.shape[0]} {kind} codes")
        if self.raters is not None and self.raters.shape[:2] != self.human.shape:
            raise ValueError(f"raters {self.raters.shape} do not fit human {self.human.shape}")
        if np.isinf(self.judge).any():
            raise ValueError("a judge score is infinite; an unscored one is NaN")
        if not np.isfinite(self.human).all():
            row, column = np.argwhere(~np.isfinite(self.human))[0]
            raise ValueError(f"row {row} has no human rating of {self.criteria[column].name!r}; leave such rows out")

    @classmethod
    def of(
        cls,
        criteria: Sequence[Criterion],
        human_rows: Sequence[Mapping[str, float]],
        judgements: Sequence[Judgement],
        document_ids: Sequence[str | None] | None = None,
        system_ids: Sequence[str | None] | None = None,
        raters: Values | None = None,
    ) -> Self:
        """Align the lists by position. A row without a document id is a document of its own.

        Systems are known where every row has a system id.

        Raises `ValueError` when the lists differ in length and `KeyError` for a criterion that a human row lacks.
        """
        if len(human_rows) != len(judgements):
            raise ValueError(f"{len(human_rows)} human rows but {len(judgements)} judgements")
        names = [criterion.name for criterion in criteria]
        human = [[row[name] for name in names] for row in human_rows]
        judge = [[_or_nan(judgement.scores.get(name)) for name in names] for judgement in judgements]
        shape = (len(human), len(names))
        return cls(
            tuple(criteria),
            np.array(human, dtype=np.float64).reshape(shape),
            np.array(judge, dtype=np.float64).reshape(shape),
            None if document_ids is None else _codes(document_ids),
            None if system_ids is None or None in system_ids else _codes(system_ids),
            raters,
        )

    def __len__(self) -> int:
        return int(self.human.shape[0])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(criterion.name for criterion in self.criteria)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """(n, K): whether the judge scored the row on the criterion."""
        return ~np.isnan(self.judge)

    def rows(self, chosen: NDArray[np.bool_] | Codes | Sequence[int]) -> Self:
        """The same for a subset of the rows (a mask or positions, repeats allowed)."""
        positions = np.asarray(chosen, dtype=None if len(chosen) else np.intp)
        places = (self.documents, self.systems, self.raters)
        documents, systems, raters = (None if each is None else each[positions] for each in places)
        return type(self)(self.criteria, self.human[positions], self.judge[positions], documents, systems, raters)

    def columns(self, names: Sequence[str]) -> Self:
        """The same for some of the criteria, in the order of `names`."""
        chosen = [self.names.index(name) for name in names]
        criteria = tuple(self.criteria[position] for position in chosen)
        human, judge = self.human[:, chosen], self.judge[:, chosen]
        raters = None if self.raters is None else self.raters[:, chosen]
        return replace(self, criteria=criteria, human=human, judge=judge, raters=raters)

    def with_judge(self, judge: Values) -> Self:
        """The same rows with other scores (n, K)."""
        return replace(self, judge=judge)

    def coverage(self) -> dict[str, dict[str, int]]:
        """Criterion -> how many rows there are, were scored and were not."""
        counts = self.scored.sum(axis=0)
        return {
            name: {"rows": len(self), "scored": int(count), "unscored": len(self) - int(count)}
            for name, count in zip(self.names, counts, strict=True)
        }


def clusters(scores: Scores) -> tuple[Codes, int]:
    """Code of each row's cluster, `0..G-1`, and `G`: what is resampled (documents, or rows where there are none)."""
    if scores.documents is None:
        return np.arange(len(scores)), len(scores)
    known, codes = np.unique(scores.documents, return_inverse=True)
    return codes, len(known)


def require_same_rows(before: Scores, after: Scores) -> None:
    """Raise `ValueError` unless both judges were asked about the same rows and criteria, in the same order."""
    if before.names != after.names or before.human.shape != after.human.shape:
        raise ValueError("before and after differ in criteria or rows, so they cannot be paired")
    if not np.array_equal(before.human, after.human):
        raise ValueError("before and after differ in human ratings, so their rows are not the same")


def both_scored(before: Scores, after: Scores) -> tuple[Scores, Scores]:
    """Both with every score removed whose row only one of them scored: what a paired comparison may use."""
    require_same_rows(before, after)
    both = before.scored & after.scored
    return _only(before, both), _only(after, both)


def _only(scores: Scores, kept: NDArray[np.bool_]) -> Scores:
    return scores.with_judge(np.where(kept, scores.judge, np.nan))


def _or_nan(score: float | None) -> float:
    return np.nan if score is None else float(score)


def _codes(ids: Sequence[str | None]) -> Codes | None:
    """Codes in the order in which the ids first appear; a row without one has a code of its own."""
    if all(each is None for each in ids):
        return None
    codes: dict[object, int] = {}
    keys = [("row", row) if each is None else each for row, each in enumerate(ids)]
    return np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.intp)
