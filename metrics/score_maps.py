"""The monotone maps that turn a judge's raw scores into calibrated ones, as a judge holds and stores them."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from signatures.records import Criterion, Group

DECIMALS = 12
"""Of a calibrated score: so many that raw ones, which differ by 1e-6 or more, stay apart where a curve hardly rises."""


@dataclass(frozen=True)
class Curve:
    """Straight lines between points: `raw` scores, strictly rising over the scale, and what each becomes."""

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def __call__(self, score: float) -> float:
        return round(float(np.interp(score, self.raw, self.calibrated)), DECIMALS)

    def to_dict(self) -> dict[str, list[float]]:
        return {"raw": list(self.raw), "calibrated": list(self.calibrated)}

    @classmethod
    def of(cls, stored: Mapping[str, Any], criterion: Criterion) -> "Curve":
        """Raises ValueError where it is not monotone, or leaves the scale."""
        raw, calibrated = (_numbers(stored[name], criterion.low, criterion.high) for name in ("raw", "calibrated"))
        if len(raw) != len(calibrated) or raw[:1] + raw[-1:] != (criterion.low, criterion.high):
            raise ValueError("its calibration does not span the scale")
        if any(left >= right for left, right in pairwise(raw)) or not _rises(calibrated):
            raise ValueError("its calibration is not monotone")
        return cls(raw, calibrated)


@dataclass(frozen=True)
class Cuts:
    """Whole levels from `low` up, one more from each of the `cuts` on; a cut above the scale is never reached."""

    low: int
    cuts: tuple[float, ...]

    def __call__(self, score: float) -> float:
        return self.low + bisect_right(self.cuts, score)

    def to_dict(self) -> dict[str, list[float]]:
        return {"cuts": list(self.cuts)}

    @classmethod
    def of(cls, stored: Mapping[str, Any], criterion: Criterion) -> "Cuts":
        """Raises ValueError where the cuts do not rise, or are not one less than the levels."""
        cuts = _numbers(stored["cuts"], criterion.low, criterion.high + 1)
        if len(cuts) != len(criterion.levels) - 1 or not _rises(cuts):
            raise ValueError("its cut points do not fit the scale")
        return cls(criterion.low, cuts)


Map = Curve | Cuts

METHODS: Mapping[str, type[Curve] | type[Cuts]] = {"isotonic": Curve, "cutpoints": Cuts}


@dataclass(frozen=True)
class Calibration:
    """The maps of a judge's criteria by one of the `METHODS`; of those in `left` it says why they have none.

    A criterion that is in neither is not fitted yet; its scores, like those of the left ones, stay as they are.
    """

    method: str
    maps: Mapping[str, Map]
    left: Mapping[str, str]

    def __call__(self, name: str, score: float | None) -> float | None:
        """The calibrated score; an unscored one stays unscored."""
        return score if score is None or name not in self.maps else self.maps[name](score)

    def scores(self, raw: Mapping[str, float | None]) -> dict[str, float | None]:
        """All scores of a row."""
        return {name: self(name, score) for name, score in raw.items()}

    @property
    def fitted(self) -> frozenset[str]:
        """The criteria that were looked at, with a map or without."""
        return frozenset({*self.maps, *self.left})

    def only(self, names: Iterable[str]) -> "Calibration":
        """That of these criteria."""
        chosen = set(names)
        maps = {name: each for name, each in self.maps.items() if name in chosen}
        return Calibration(self.method, maps, {name: why for name, why in self.left.items() if name in chosen})

    def of_groups(self, groups: Iterable[Group]) -> "Calibration | None":
        """That of the groups' criteria; None where that is nothing."""
        found = self.only(name for group in groups for name in group)
        return found if found.fitted else None

    def with_more(self, other: "Calibration") -> "Calibration":
        """With the criteria of `other`, which go before."""
        own = self.only(self.fitted - other.fitted)
        return Calibration(self.method, {**own.maps, **other.maps}, {**own.left, **other.left})

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, criteria in alphabetical order."""
        maps = {name: self.maps[name].to_dict() for name in sorted(self.maps)}
        return {"method": self.method, "maps": maps, "left": {name: self.left[name] for name in sorted(self.left)}}

    @classmethod
    def of(cls, stored: Any, criteria: Sequence[Criterion]) -> "Calibration":
        """What `to_dict` gave. Raises ValueError (or what a damaged file makes Python raise) for anything else."""
        if not isinstance(stored, dict) or {*stored} != {"method", "maps", "left"} or stored["method"] not in METHODS:
            raise ValueError("its calibration is none of this program")
        known = {each.name: each for each in criteria}
        if not {*stored["maps"], *stored["left"]} <= {*known} or {*stored["maps"]} & {*stored["left"]}:
            raise ValueError("its calibration is of other criteria")
        kind = METHODS[stored["method"]]
        maps: dict[str, Map] = {name: kind.of(each, known[name]) for name, each in stored["maps"].items()}
        if any(maps[name].to_dict().keys() != each.keys() for name, each in stored["maps"].items()):
            raise ValueError("its calibration holds what is no map")
        if not all(isinstance(reason, str) for reason in stored["left"].values()):
            raise ValueError("its calibration has a reason that is no text")
        return cls(stored["method"], maps, dict(stored["left"]))


def _numbers(values: Any, low: float, high: float) -> tuple[float, ...]:
    for value in values:
        if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"its calibration holds {value!r}")
    return tuple(float(value) for value in values)


def _rises(values: Sequence[float]) -> bool:
    return all(left <= right for left, right in pairwise(values))
