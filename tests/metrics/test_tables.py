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


def test_tables_weighed_together_are_those_weighed_alone() -> None:
    draw = np.random.default_rng(1)
    codes, weights = draw.integers(9, size=50), draw.integers(3, size=(4, 9)).astype(np.float64)
    alone = [
        cluster_tables(draw.integers(1, 6, size=50) * 1.0, draw.integers(1, top, size=50) * 1.0, codes, 9)
        for top in (3, 6)
    ]
    together = weighted_together(alone)(weights)
    for table, found in zip(alone, together, strict=True):
        np.testing.assert_array_equal(found, table.weighted(weights))


@pytest.mark.parametrize("name", METRICS)
def test_the_best_constant_is_that_of_the_metric_itself(name: str) -> None:
    human = np.random.default_rng(2).integers(1, 4, size=31) + 1 / 3
    values = {level: METRICS[name](np.full(31, float(level)), human) for level in range(1, 6)}
    known = {level: value * METRICS[name].orientation for level, value in values.items() if value is not None}
    assert best_level(METRICS[name], range(1, 6), human) == (
        max(known, key=lambda level: known[level]) if known else None
    )
