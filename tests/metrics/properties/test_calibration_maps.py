"""Calibration: maps that keep the order, stay on the scale, and come back from a file as they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.metric import mae, spearman
from metrics.score_calibration import FEWEST, cutpoints, fit, isotonic
from metrics.score_maps import METHODS, Calibration, Curve, Cuts
from metrics.scores import Values
from signatures.records import Criterion
from tests.metrics.properties.drawn import LEVELS, columns, rated

SCALE = Criterion("fluency", 1, 5)
GRID = np.linspace(1, 5, 81)


def mapped(found: Curve | Cuts, raw: Values) -> Values:
    return np.array([found(score) for score in raw.tolist()])


@given(columns(least=FEWEST))
def test_a_curve_keeps_the_order_and_the_scale(rows: tuple[Values, Values]) -> None:
    found = isotonic(*rows, SCALE)
    if isinstance(found, str):
        assert len(np.unique(rows[0])) == 1
        return
    assert (np.diff(mapped(found, GRID)) > 0).all()
    assert mapped(found, GRID).min() >= 1 and mapped(found, GRID).max() <= 5
    before, after = spearman(*rows), spearman(mapped(found, rows[0]), rows[1])
    assert after == before if before is None else after == pytest.approx(before)


@given(columns(least=FEWEST))
def test_cut_points_are_levels_that_rise_and_cost_no_error_on_the_rows_of_the_fit(rows: tuple[Values, Values]) -> None:
    raw = np.round(rows[0])  # of whole scores the map that leaves each as it is is one of those to choose from
    found = cutpoints(raw, rows[1], SCALE)
    if isinstance(found, str):
        return
    levels = mapped(found, GRID)
    assert (np.diff(levels) >= 0).all()
    assert {*levels.tolist()} <= {*SCALE.levels}
    assert mae(mapped(found, raw), rows[1]) <= mae(raw, rows[1]) + 1e-9  # type: ignore[operator]


@given(rated(gaps=0.3), st.sampled_from(sorted(METHODS)), LEVELS)
def test_every_criterion_is_fitted_or_left_with_a_reason_and_comes_back_from_a_file(
    scores: object, method: str, score: float
) -> None:
    found = fit(method, scores)  # type: ignore[arg-type]
    names = scores.names  # type: ignore[attr-defined]
    assert found.fitted == {*names} and not {*found.maps} & {*found.left}
    again = Calibration.of(found.to_dict(), scores.criteria)  # type: ignore[attr-defined]
    assert again == found
    for name in names:
        assert again(name, None) is None
        assert name in found.maps or again(name, score) == score
