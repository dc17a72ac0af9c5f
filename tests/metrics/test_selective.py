"""Abstaining: the curve against a naive loop, the p-value against exact ones, and the guarantee by simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from metrics.selective import Graded, at, choose, p_value, reachable, risk_coverage

SPAN = 4.0


def independent(confidence: object, error: object) -> Graded:
    values = np.asarray(confidence, dtype=float)
    return Graded(values, np.asarray(error, dtype=float), np.arange(len(values)), SPAN)


def planted(generator: np.random.Generator, rows: int, documents: int | None = None) -> Graded:
    """Errors of 0 to 4 levels, rarer the higher the confidence; rows of one document share how hard they are."""
    confidence = generator.random(rows)
    clusters = np.arange(rows) if documents is None else np.repeat(np.arange(documents), rows // documents)
    hard = 1.0 if documents is None else 2 * generator.beta(2, 2, documents)[clusters]
    error = generator.binomial(4, np.clip(0.6 * (1 - confidence) ** 2 * hard, 0, 1)).astype(float)
    return Graded(confidence, error, clusters, SPAN)


def test_the_curve_is_that_of_a_naive_loop() -> None:
    graded = planted(np.random.default_rng(3), 40)
    ranked = sorted(zip(graded.confidence, graded.error, strict=True), reverse=True)
    points = risk_coverage(graded)
    assert [point.kept for point in points] == list(range(2, 41, 2))
    for point in points:
        kept = ranked[: point.kept]
        assert point.error == pytest.approx(sum(error for _, error in kept) / point.kept)
        assert point.coverage == point.kept / 40
        assert point.threshold is None or kept[-1][0] > point.threshold == ranked[point.kept][0]
        assert point.error < point.upper <= SPAN
    assert points[-1].threshold is None


def test_equal_confidences_are_kept_or_left_out_together() -> None:
    graded = independent([0.9] * 10 + [0.5] * 10, [0] * 10 + [4] * 10)
    assert [(point.threshold, point.kept) for point in risk_coverage(graded)] == [(0.5, 10), (None, 20)]


def test_confidence_that_orders_errors_is_found_and_one_that_does_not_gains_nothing() -> None:
    generator = np.random.default_rng(0)
    graded = planted(generator, 600)
    shuffled = Graded(generator.permutation(graded.confidence), graded.error, graded.clusters, SPAN)
    risk = 0.5
    assert graded.error.mean() > risk
    chosen = choose(graded, risk)
    assert chosen is not None
    assert chosen.coverage > 0.5
    assert chosen.error < risk
    assert choose(shuffled, risk) is None


def test_a_larger_risk_keeps_no_less_and_that_of_the_whole_scale_keeps_all() -> None:
    graded = planted(np.random.default_rng(1), 200)
    kept = [0 if (point := choose(graded, risk)) is None else point.kept for risk in np.linspace(0.1, SPAN, 14)]
    assert kept == sorted(kept)
    assert kept[0] == 0
    assert kept[-1] == 200


def test_the_reachable_risk_is_the_smallest_that_finds_a_threshold() -> None:
    graded = planted(np.random.default_rng(2), 200)
    least = reachable(graded)
    assert least is not None
    assert choose(graded, least) is not None
    assert choose(graded, least - 0.01) is None
    assert reachable(independent([0.5] * 3, [4] * 3)) is None


def test_of_no_rows_nothing_is_known() -> None:
    nothing = independent([], [])
    assert risk_coverage(nothing) == []
    assert choose(nothing, 3) is None
    assert reachable(nothing) is None
    assert at(independent([0.5], [1]), 0.5) is None


def wealth(shares: NDArray[np.float64], risk: float) -> float:
    """The most that the gambler ever had, bet by bet, as in Waudby-Smith & Ramdas, section 4.4."""
    shares = np.random.default_rng(0).permutation(shares)
    money, most, squares = 1.0, 1.0, 0.25
    for number, share in enumerate(shares):
        variance = squares / (number + 1)
        stake = min(0.9 / (1 - risk), np.sqrt(2 * np.log(1 / 0.05) / (len(shares) * variance)))
        money *= 1 + stake * (risk - share)
        most = max(most, money)
        squares += (share - shares[: number + 1].mean()) ** 2
    return most


@pytest.mark.parametrize("risk", [0.05, 0.2, 0.6])
def test_the_p_value_is_one_over_the_gain_of_a_naive_bet(risk: float) -> None:
    shares = np.random.default_rng(4).choice([0, 0.25, 0.5, 1], 30, p=[0.6, 0.2, 0.1, 0.1])
    found = p_value(shares, np.arange(30), risk)
    assert found == pytest.approx(1 / wealth(shares, risk), rel=1e-9)


@pytest.mark.parametrize("risk", [0.05, 0.2, 0.6])
def test_where_the_risk_is_as_large_as_said_small_p_values_are_as_rare_as_they_say(risk: float) -> None:
    generator = np.random.default_rng(5)
    found = np.array([p_value((generator.random(50) < risk) * 1.0, np.arange(50), risk) for _ in range(1000)])
    for level in (0.01, 0.05, 0.2):
        assert stats.binomtest(int((found <= level).sum()), 1000, level, alternative="greater").pvalue > 0.05
    certain = p_value(np.zeros(50), np.arange(50), risk)
    assert (1 - risk) ** 50 <= certain <= (1 - risk) ** 40  # of no error at all, near the exact one


def test_rows_of_one_document_are_no_more_evidence_than_one_row() -> None:
    shares = np.array([0.0, 0.25, 0.0, 0.5, 0.0] * 8)
    once = p_value(shares, np.arange(40), 0.4)
    thrice = p_value(np.repeat(shares, 3), np.repeat(np.arange(40), 3), 0.4)
    assert thrice == pytest.approx(once)
    assert p_value(np.repeat(shares, 3), np.arange(120), 0.4) < once / 100


def true_risks(documents: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidences of very many rows, ascending, and the true risk above each of them."""
    many = planted(np.random.default_rng(99), 200_000, documents)
    order = np.argsort(many.confidence)
    above = np.cumsum(many.error[order][::-1])[::-1] / np.arange(len(order), 0, -1)
    return many.confidence[order], above


@pytest.mark.parametrize(("rows", "documents"), [(60, None), (300, None), (300, 60)])
def test_the_risk_asked_for_is_exceeded_in_at_most_one_of_twenty(rows: int, documents: int | None) -> None:
    places, risks = true_risks(None if documents is None else 40_000)
    generator, exceeded, found, trials = np.random.default_rng(rows), 0, 0, 200
    for trial in range(trials):
        risk = (0.45, 0.6, 0.75)[trial % 3]
        point = choose(planted(generator, rows, documents), risk)
        if point is not None:
            found += 1
            place = 0 if point.threshold is None else np.searchsorted(places, point.threshold)
            exceeded += risks[min(place, len(risks) - 1)] > risk
    assert found > trials / 10
    assert stats.binomtest(exceeded, trials, 0.05, alternative="greater").pvalue > 0.05
