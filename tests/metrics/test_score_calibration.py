"""Maps from raw to calibrated scores: what they keep, what they gain, and what is refused."""

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from metrics.metric import kendall, mae, spearman
from metrics.score_calibration import FEWEST, ONE_LEVEL, ONE_SCORE, TOO_FEW, cutpoints, fit, isotonic
from metrics.score_maps import Calibration, Curve, Cuts
from metrics.scores import Scores, Values
from signatures.records import Criterion

SCALE = Criterion("fluency", 1, 5)


def rated(seed: int, count: int = 40, levels: bool = False) -> tuple[Values, Values]:
    """A lenient judge's raw scores of so many rows, and their ratings by three raters."""
    random = np.random.default_rng(seed)
    human = np.clip(np.round(random.normal(2, 1, count) * 3) / 3, 1, 5)
    raw = np.clip(3.5 + 0.3 * human + random.normal(0, 0.4, count), 1, 5)
    return (np.round(raw) if levels else np.round(raw, 6)), human


def mapped(found: Curve | Cuts | str, raw: Values) -> Values:
    assert not isinstance(found, str)
    return np.array([found(score) for score in raw.tolist()])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("levels", [True, False])
def test_an_isotonic_curve_leaves_the_order_and_takes_the_offset(seed: int, levels: bool) -> None:
    raw, human = rated(seed, levels=levels)
    curve = isotonic(raw, human, SCALE)
    fresh, truth = rated(seed + 100, 300, levels=levels)
    after = mapped(curve, fresh)
    assert spearman(after, truth) == spearman(fresh, truth)
    assert kendall(after, truth) == kendall(fresh, truth)
    assert mae(after, truth) < 0.6 * mae(fresh, truth)  # type: ignore[operator]
    every = mapped(curve, np.arange(1, 5.0001, 0.001))
    assert (np.diff(every) > 0).all()
    assert every.min() >= 1
    assert every.max() <= 5


def test_scores_a_millionth_apart_stay_apart() -> None:
    raw, human = rated(0)
    curve = isotonic(raw, human, SCALE)
    assert not isinstance(curve, str)
    assert curve(1.000001) > curve(1.0)
    assert curve(5.0) > curve(4.999999)


def test_where_ratings_do_not_rise_with_the_score_the_order_still_stays() -> None:
    raw = np.repeat([2.0, 3.0, 4.0], 5)
    curve = isotonic(raw, 6 - raw, SCALE)
    assert mapped(curve, np.array([1.0, 2.0, 3.0, 4.0, 5.0])) == pytest.approx([2.99, 2.995, 3.0, 3.005, 3.01])


@pytest.mark.parametrize("seed", range(6))
def test_no_monotone_steps_are_nearer_to_the_ratings_than_the_cut_points(seed: int) -> None:
    random = np.random.default_rng(seed)
    scale = Criterion("anger", 0, 3)
    raw = random.choice(np.linspace(0, 3, 7), 16)
    human = np.clip(np.round((raw + random.normal(0, 1, 16)) * 2) / 2, 0, 3)  # fractions too
    seen, places = np.unique(raw, return_inverse=True)
    best = min(
        np.abs(np.array(steps)[places] - human).sum() for steps in combinations_with_replacement(range(4), len(seen))
    )
    found = cutpoints(raw, human, scale)
    assert np.abs(mapped(found, raw) - human).sum() == pytest.approx(best)


def test_cut_points_lie_between_the_scores_that_they_divide_and_leave_out_levels_never_rated() -> None:
    raw = np.repeat([2.0, 3.0, 4.0], 5)
    human = np.repeat([1.0, 2.0, 4.0], 5)
    assert cutpoints(raw, human, SCALE) == Cuts(1, (2.5, 3.5, 3.5, 6.0))
    assert mapped(cutpoints(raw, human, SCALE), np.array([1.0, 2.5, 3.0, 3.6, 5.0])).tolist() == [1, 2, 2, 4, 4]


def scores(columns: list[tuple[Values, Values]]) -> Scores:
    criteria = tuple(Criterion(f"c{place}", 1, 5) for place in range(len(columns)))
    judge, human = (np.stack(each, axis=1) for each in zip(*columns, strict=True))
    return Scores(criteria, human, judge)


def test_what_cannot_be_fitted_is_left_as_it_is_and_says_why() -> None:
    raw, human = rated(1)
    few, constant = raw.copy(), np.full(40, 4.0)
    few[FEWEST - 1 :] = np.nan
    low = np.where(raw > np.quantile(raw, 0.9), 2.0, 1.0)
    found = fit("cutpoints", scores([(raw, human), (few, human), (constant, human), (raw, np.minimum(human, 1) * low)]))
    assert found.left["c1"] == TOO_FEW
    assert found.left["c2"] == ONE_SCORE
    assert {*found.maps} | {*found.left} == {"c0", "c1", "c2", "c3"} == found.fitted
    assert fit("cutpoints", scores([(raw, np.ones(40))])).left == {"c0": ONE_LEVEL}
    assert fit("isotonic", scores([(raw, np.ones(40))])).left == {}
    assert found("c1", 3.3) == 3.3
    assert found("c0", None) is None


def test_unscored_rows_count_for_nothing() -> None:
    raw, human = rated(2)
    holes, off = raw.copy(), human.copy()
    holes[20:], off[20:] = np.nan, 5.0
    assert fit("isotonic", scores([(holes, off)])) == fit("isotonic", scores([(raw[:20], human[:20])]))


@pytest.mark.parametrize("method", ["isotonic", "cutpoints"])
def test_it_is_stored_and_read_back(method: str) -> None:
    found = fit(method, scores([rated(3), rated(4), rated(5, count=40, levels=True)]))
    criteria = [Criterion(f"c{place}", 1, 5) for place in range(3)]
    assert Calibration.of(found.to_dict(), criteria) == found
    assert found.only(["c0"]).with_more(found.only(["c1", "c2"])) == found


CURVE = {"raw": [1, 3, 5], "calibrated": [1, 2, 4]}
BAD: dict[str, Any] = {
    "none of this program": [],
    "other methods": {"method": "magic", "maps": {}, "left": {}},
    "other criteria": {"method": "isotonic", "maps": {"warmth": CURVE}, "left": {}},
    "twice": {"method": "isotonic", "maps": {"fluency": CURVE}, "left": {"fluency": "few"}},
    "falls": {"method": "isotonic", "maps": {"fluency": {**CURVE, "calibrated": [2, 1, 4]}}, "left": {}},
    "is no function": {"method": "isotonic", "maps": {"fluency": {**CURVE, "raw": [1, 1, 5]}}, "left": {}},
    "leaves the scale": {"method": "isotonic", "maps": {"fluency": {**CURVE, "calibrated": [1, 2, 6]}}, "left": {}},
    "a part of the scale": {"method": "isotonic", "maps": {"fluency": {**CURVE, "raw": [1, 3, 4]}}, "left": {}},
    "no numbers": {"method": "isotonic", "maps": {"fluency": {**CURVE, "raw": [1, True, 5]}}, "left": {}},
    "not a number": {"method": "isotonic", "maps": {"fluency": {**CURVE, "raw": [1, float("nan"), 5]}}, "left": {}},
    "more than a map": {"method": "isotonic", "maps": {"fluency": {**CURVE, "code": 1}}, "left": {}},
    "too few cuts": {"method": "cutpoints", "maps": {"fluency": {"cuts": [2, 3]}}, "left": {}},
    "cuts that fall": {"method": "cutpoints", "maps": {"fluency": {"cuts": [2, 3, 2, 4]}}, "left": {}},
    "a reason that is no text": {"method": "isotonic", "maps": {}, "left": {"fluency": 3}},
}


@pytest.mark.parametrize("case", BAD)
def test_bad_maps_are_refused(case: str) -> None:
    with pytest.raises(ValueError, match="its c"):
        Calibration.of(BAD[case], [SCALE])
