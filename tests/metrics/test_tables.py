"""Tables are the same whichever way they are counted."""

import numpy as np
import pytest

from metrics import tables
from metrics.constants import best_level
from metrics.metric import METRICS
from metrics.tables import cluster_tables, weighted_together


def test_cells_are_the_same_by_sorting_and_by_counting() -> None:
    pairs = np.random.default_rng(0).integers(40, size=30)
    sorted_cells, counted_cells = tables._places(pairs, 200), tables._places(pairs, 40)
    for one, other in zip(sorted_cells, counted_cells, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(counted_cells[0][counted_cells[1]], pairs)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("most", [100.0, 2.0**24])
def test_tables_weighed_together_are_those_weighed_alone(
    share: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dense and sparse, in single and in double precision, whole weights and fractions."""
    monkeypatch.setattr(tables, "DENSE_SHARE", share)
    monkeypatch.setattr(tables, "EXACT", most)
    draw = np.random.default_rng(1)
    codes, sides = draw.integers(9, size=50), draw.integers(1, 6, size=(3, 50)) * 1.0
    alone = [cluster_tables(sides[0], other, codes, 9) for other in sides[1:]]
    for weights in (draw.integers(3, size=(4, 9)) * 1.0, draw.random((4, 9)), np.full((1, 9), 61.0)):
        together = weighted_together(alone)(weights)
        for table, found in zip(alone, together, strict=True):
            np.testing.assert_allclose(found, table.weighted(weights), rtol=1e-14)


@pytest.mark.parametrize("name", METRICS)
def test_the_best_constant_is_that_of_the_metric_itself(name: str) -> None:
    human = np.random.default_rng(2).integers(1, 4, size=31) + 1 / 3
    values = {level: METRICS[name](np.full(31, float(level)), human) for level in range(1, 6)}
    known = {level: value * METRICS[name].orientation for level, value in values.items() if value is not None}
    assert best_level(METRICS[name], range(1, 6), human) == (
        max(known, key=lambda level: known[level]) if known else None
    )
