"""The race's figures without chance are a test's: its errors as stated, and no fewer rows than any test needs."""

import pytest

from tests.benchmarks.racing_limit import ALPHA, full, least_rows, raced, regret


def test_a_rewrite_that_is_no_better_is_kept_as_seldom_as_by_one_look() -> None:
    kept, share = raced(0.0)
    assert full(0.0) == pytest.approx(ALPHA)
    assert kept == pytest.approx(ALPHA, abs=0.005) and 0.5 < share < 0.8


@pytest.mark.parametrize("drift", [1.0, 2.0, 3.0])
def test_one_look_is_the_most_powerful_and_no_race_needs_fewer_rows_than_the_bound(drift: float) -> None:
    kept, share = raced(drift)
    assert full(drift) - 0.03 < kept < full(drift)
    assert raced(-drift)[0] > full(-drift)
    assert least_rows(drift) < share < 1


def test_the_bound_is_that_of_walds_test() -> None:
    """Errors of 20 % and 2.9 % at a drift of 2.74: (.971 ln 4.855 + .029 ln .036) / 3.75."""
    assert least_rows(2.74) == pytest.approx(0.383, abs=0.002)


def test_regret_counts_both_kinds_of_errors() -> None:
    assert regret({-0.1: 0.5, 0.0: 0.9, 0.1: 0.9}) == pytest.approx((0.05 + 0.01) / 3)
