"""Rank correlations among criteria equal scipy's, and partial ones those of the residuals of a regression of ranks."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from metrics import rank_matrix as ways
from metrics.halo import halo
from metrics.rank_matrix import partial_correlation, rank_matrix, remembered
from metrics.scores import Scores, Values
from tests.metrics.rated import criteria

NAMES = ("a", "b", "c")


def drawn(seed: int, documents: int = 36, rows: int = 4, halo_of_judge: float = 0.0) -> Scores:
    """Three criteria that partly go together; the judge's scores follow them and one overall impression."""
    generator = np.random.default_rng(seed)
    shape = (documents * rows, len(NAMES))
    latent = generator.normal(size=shape) + 0.6 * generator.normal(size=(shape[0], 1))
    impression = halo_of_judge * (latent.mean(axis=1) + generator.normal(size=shape[0]))[:, None]
    human, judge = (
        np.clip(np.round(side + 3), 1, 5) for side in (latent, latent + impression + 0.7 * generator.normal(size=shape))
    )
    return Scores(criteria(NAMES), human, judge, np.repeat(np.arange(documents), rows))


def partial_by_regression(columns: Values, first: int, second: int, controls: list[int]) -> float:
    ranks = np.column_stack([stats.rankdata(column) for column in columns.T])
    design = np.column_stack([np.ones(len(ranks)), ranks[:, controls]])
    residuals = [
        ranks[:, place] - design @ np.linalg.lstsq(design, ranks[:, place], rcond=None)[0] for place in (first, second)
    ]
    return float(stats.pearsonr(*residuals).statistic)


def test_values_are_scipys_and_those_of_residuals() -> None:
    scores = drawn(1, halo_of_judge=0.8)
    found = halo(scores, resamples=100)
    assert found is not None
    assert found["rows"] == len(scores)
    columns = np.concatenate([scores.judge, scores.human], axis=1)
    for a, b in combinations(range(3), 2):
        pair = f"{NAMES[a]}|{NAMES[b]}"
        judge, raters = (stats.spearmanr(side[:, a], side[:, b]).statistic for side in (scores.judge, scores.human))
        assert (found["judge"][pair], found["raters"][pair]) == pytest.approx((judge, raters))
        cell = found["excess"][pair]
        assert cell["value"] == pytest.approx(judge - raters)
        assert cell["low"] < cell["value"] < cell["high"]
        assert cell["n"] == len(scores)
    for own, name in enumerate(NAMES):
        others = [other for other in range(3) if other != own]
        for key, controls in (("given_ratings", [3 + other for other in others]), ("given_scores", others)):
            cell = found[key][name]
            assert cell["value"] == pytest.approx(partial_by_regression(columns, own, 3 + own, controls))
            assert -1 < cell["low"] < cell["value"] < cell["high"] < 1


def test_resampled_documents_give_what_repeated_rows_give(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = drawn(2, documents=12)
    assert scores.documents is not None
    columns = np.concatenate([scores.judge, scores.human], axis=1)
    weights = np.random.default_rng(0).multinomial(12, [1 / 12] * 12, size=5).astype(np.float64)
    monkeypatch.setattr("metrics.rank_matrix.BATCH_NUMBERS", 2 * columns.size)
    found = rank_matrix(columns, scores.documents)(weights)
    partials = partial_correlation(found, 0, 3, [4, 5])
    for matrix, partial, times in zip(found, partials, weights, strict=True):
        rows = columns[np.repeat(np.arange(len(columns)), times[scores.documents].astype(int))]
        np.testing.assert_allclose(matrix, stats.spearmanr(rows).statistic, atol=1e-12)
        assert partial == pytest.approx(partial_by_regression(rows, 0, 3, [4, 5]))


def test_an_overall_impression_is_found_and_its_absence_too() -> None:
    with_halo, without = (halo(drawn(3, 60, halo_of_judge=size), resamples=200) for size in (1.5, 0.0))
    assert with_halo is not None and without is not None
    assert with_halo["excess"]["mean"]["low"] > 0.1
    assert without["excess"]["mean"]["high"] < 0.05  # its noise even hides some of what goes together
    for key in ("given_ratings", "given_scores"):
        assert without[key]["mean"]["value"] > with_halo[key]["mean"]["value"]


def test_a_judge_with_one_opinion_says_nothing_of_a_criterion_beside_its_other_scores() -> None:
    scores = drawn(4)
    found = halo(scores.with_judge(np.repeat(scores.judge[:, :1], 3, axis=1)), resamples=50)
    assert found is not None
    assert list(found["judge"].values()) == pytest.approx([1, 1, 1])
    assert {cell["value"] for cell in found["given_scores"].values()} == {None}
    assert found["given_ratings"]["a"]["value"] > 0.3


def test_constant_and_redundant_controls_take_nothing_away_and_a_constant_score_is_undefined() -> None:
    scores = drawn(5)
    columns = np.concatenate([scores.judge, scores.human], axis=1)
    wide = np.column_stack([columns, np.ones(len(columns)), columns[:, 4]])
    codes = np.arange(len(wide))
    matrix = rank_matrix(wide, codes)(np.ones((1, len(wide))))
    expected = partial_by_regression(columns, 0, 3, [4])
    for controls in ([4], [4, 6], [4, 7], [4, 6, 7]):
        assert partial_correlation(matrix, 0, 3, controls)[0] == pytest.approx(expected)
    assert np.isnan(partial_correlation(matrix, 6, 3, [4])[0])
    constant = scores.judge.copy()
    constant[:, 1] = 2
    found = halo(scores.with_judge(constant), resamples=20)
    assert found is not None
    assert (found["judge"]["a|b"], found["excess"]["a|b"]["value"], found["given_ratings"]["b"]["value"]) == (None,) * 3
    assert found["given_scores"]["a"]["value"] is not None


def test_only_rows_scored_on_every_criterion_count() -> None:
    scores = drawn(6)
    judge = scores.judge.copy()
    judge[::5, 0] = np.nan
    judge[1::7, 2] = np.nan
    found, whole = halo(scores.with_judge(judge), resamples=20), ~np.isnan(judge).any(axis=1)
    assert found == halo(scores.rows(whole), resamples=20)
    assert found is not None
    assert found["rows"] == whole.sum() < len(scores)


def test_nothing_scored_is_undefined_and_one_criterion_has_no_halo() -> None:
    scores = drawn(7)
    found = halo(scores.with_judge(np.full_like(scores.judge, np.nan)))
    assert found is not None
    assert found["rows"] == found["excess"]["mean"]["n"] == 0
    assert {cell["value"] for key in ("excess", "given_ratings") for cell in found[key].values()} == {None}
    assert halo(scores.columns(["a"])) is None


def test_tables_of_few_values_give_what_the_rows_give() -> None:
    scores = drawn(8)
    assert scores.documents is not None
    columns = np.column_stack([scores.judge, scores.human, np.ones(len(scores))])
    weights = np.random.default_rng(1).multinomial(36, [1 / 36] * 36, size=7).astype(np.float64)
    by_tables, by_rows = (way(columns, scores.documents)(weights) for way in (ways._by_tables, ways._by_rows))
    np.testing.assert_allclose(by_tables, by_rows, atol=1e-12)


def test_equal_weights_are_looked_at_once() -> None:
    looked: list[Values] = []

    def matrix(weights: Values) -> Values:
        looked.append(weights)
        return weights * 2

    found = remembered(matrix)
    one, other = np.ones((2, 3)), np.full((2, 3), 2.0)
    for each in (one, other, one.copy()):
        np.testing.assert_array_equal(found(each), each * 2)
    assert len(looked) == 2
