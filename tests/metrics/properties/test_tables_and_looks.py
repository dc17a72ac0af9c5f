"""Tables of clusters, however they are counted and weighted, and the bounds of a group-sequential test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.rank_matrix import remembered
from metrics.sequential import bounds
from metrics.tables import cluster_tables, counted_by_cluster, crossed, encoded, tabulate, weighted_together
from metrics.tokens import token_ids

ROWS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30)


@given(ROWS)
def test_encoded_columns_make_the_same_table(rows: list[tuple[int, int, int]]) -> None:
    judge, human, codes = np.array(rows, dtype=float).T
    (values, places), other = encoded(judge), encoded(human)
    assert (values[places] == judge).all() and (np.diff(values) > 0).all()
    cells, row_cells = crossed((values, places), other)
    assert (cells.judge_values[cells.judge_codes[row_cells]] == judge).all()
    assert (cells.human_values[cells.human_codes[row_cells]] == human).all()
    assert (row_cells == tabulate(judge, human)[1]).all()
    counted = counted_by_cluster((cells, row_cells), codes.astype(int), 5, np.ones(len(rows)))
    assert (counted.counts == cluster_tables(judge, human, codes.astype(int), 5).counts).all()


@given(ROWS, st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_tables_weighted_together_are_those_weighted_alone(rows: list[tuple[int, int, int]], times: list[int]) -> None:
    judge, human, codes = np.array(rows, dtype=float).T
    tables = [cluster_tables(each, human, codes.astype(int), 5) for each in (judge, human)]
    weights = np.array([times, [1] * 5], dtype=float)
    for together, table in zip(weighted_together(tables)(weights), tables, strict=True):
        assert together == pytest.approx(weights @ table.counts)


@given(st.lists(st.floats(0, 9), min_size=1, max_size=5))
def test_what_is_remembered_is_what_was_found(weights: list[float]) -> None:
    asked: list[int] = []

    def matrix(each: np.ndarray) -> np.ndarray:
        asked.append(1)
        return each * 2

    found, drawn = remembered(matrix), np.array([weights])
    assert (found(drawn) == found(drawn.copy())).all() and (found(drawn) == drawn * 2).all()
    assert len(asked) == 1


@given(st.sampled_from([0.05, 0.1, 0.2]), st.sampled_from([(1.0,), (0.5, 1.0), (0.25, 0.5, 0.75, 1.0)]))
def test_bounds_close_at_the_end_on_no_less_than_alpha_asks(alpha: float, shares: tuple[float, ...]) -> None:
    looks = bounds(shares, alpha)
    assert len(looks) == len(shares)
    assert all(0 <= each.low <= each.high <= 1 for each in looks)
    assert looks[-1].low == looks[-1].high
    if len(shares) == 1:
        assert looks[0].high == pytest.approx(1 - alpha, abs=0.01)


@given(st.text(max_size=60), st.text(max_size=20))
def test_tokens_are_no_more_than_bytes_and_depend_on_the_text_alone(text: str, more: str) -> None:
    text = text.encode(errors="ignore").decode()
    assert len(token_ids(text)) <= len(text.encode())
    assert token_ids(text) == token_ids(text)
    assert token_ids("") == []
