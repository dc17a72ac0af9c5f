"""The gate's comparison: paired, by document, and not to be fooled by judges that stop judging."""

import numpy as np
import pytest

from metrics.metric import METRICS
from metrics.paired import collapsed, paired_draws
from metrics.scores import Scores, Values
from tests.metrics.rated import NAMES, criteria, judged

METRIC_NAMES = list(METRICS)


def better(before: Scores, share: float = 0.5) -> Scores:
    """The same judge with some scores mended."""
    mended = np.random.default_rng(0).random(before.judge.shape) < share
    judge = np.where(mended, np.round(before.human), before.judge)
    return Scores(before.criteria, before.human, judge, before.documents)


def with_column(drawn: Scores, column: int, judge: Values | float) -> Scores:
    changed = drawn.judge.copy()
    changed[:, column] = judge
    return Scores(drawn.criteria, drawn.human, changed, drawn.documents)


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_a_better_judge_is_better_by_every_metric_and_the_other_way_round(metric: str) -> None:
    before = judged(1, 40, 4, noise=1.5)
    after = better(before)
    forth, back = paired_draws(before, after, metric), paired_draws(after, before, metric)
    assert forth.comparable == NAMES
    assert forth.difference is not None
    assert back.difference == pytest.approx(-forth.difference)
    assert forth.difference > 0
    assert (forth.probability, back.probability) == (1.0, 0.0)
    assert forth.draws.shape == (1000,)
    assert np.quantile(forth.draws, 0.1) < forth.difference < np.quantile(forth.draws, 0.9)


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_an_identical_judge_is_never_better(metric: str) -> None:
    drawn = judged(2, 20, 4)
    compared = paired_draws(drawn, drawn, metric)
    assert (compared.difference, compared.probability) == (0, 0)


def test_values_are_the_metrics_own_and_the_difference_is_turned() -> None:
    before = judged(3, 20, 4, noise=2.0, unscored=0.1)
    after = better(before)
    compared = paired_draws(before, after, "mae", ["relevance"])
    both = before.scored[:, 1] & after.scored[:, 1]
    expected = METRICS["mae"](before.judge[both, 1], before.human[both, 1])
    assert compared.before == pytest.approx({"relevance": expected})
    assert compared.difference == pytest.approx(compared.before["relevance"] - compared.after["relevance"])


def test_documents_are_resampled_not_their_rows() -> None:
    """All rows of a document change alike, so ten documents say less than four hundred rows would."""
    human = np.tile([1.0, 2, 3, 4, 5], 80)[:, None]
    documents = np.repeat(np.arange(10), 40)
    judge = np.where(documents[:, None] % 2, human, 6 - human)
    before, after = (
        [Scores(criteria(("fluency",)), human, scored, kind) for kind in (documents, None)]
        for scored in (np.roll(human, 2, axis=0), judge)
    )
    by_document, by_row = (paired_draws(*pair, "spearman").draws for pair in zip(before, after, strict=True))
    assert by_document.std() > 3 * by_row.std()


@pytest.mark.parametrize("metric", ["mae", "off_by_one", "accuracy", "spearman", "kendall", "qwk"])
def test_a_constant_judge_has_no_value_in_the_gate_even_where_the_metric_has_one(metric: str) -> None:
    before = judged(4, 20, 4)
    after = with_column(before, 1, 3.0)
    compared = paired_draws(before, after, metric)
    assert compared.comparable == ("fluency",)
    assert compared.after["relevance"] is None
    assert compared.before["relevance"] is not None
    alone = paired_draws(before, after, metric, ["fluency"])
    assert compared.difference == alone.difference
    np.testing.assert_array_equal(compared.draws, alone.draws)


def test_nothing_comparable_is_none_not_zero() -> None:
    before = judged(5, 20, 4)
    nothing = with_column(before, 0, np.nan)
    compared = paired_draws(before, nothing, "mae", ["fluency"])
    assert (compared.difference, compared.probability, len(compared.draws)) == (None, None, 0)
    assert compared.comparable == ()


def test_a_criterion_undefined_in_a_resample_is_left_out_of_that_draw() -> None:
    rare = np.full((30, 2), 1.0)
    rare[:, 0] = np.tile([1, 2, 3], 10)
    rare[0, 1] = 5
    judge = rare.copy()
    judge[:, 0] = np.tile([1, 3, 2], 10)
    scores = [Scores(criteria(), rare, kind) for kind in (judge, np.where(judge == 5, 4, judge))]
    draws = paired_draws(*scores, "mae").draws
    assert len(draws) == 1000
    ranked = paired_draws(*scores, "spearman", ["relevance"])
    assert 560 < len(ranked.draws) < 700  # the row that carries the correlation is in 63 % of the resamples
    both = paired_draws(*scores, "spearman").draws
    assert len(both) == 1000
    assert not np.isnan(both).any()


def test_draws_repeat_with_their_seed() -> None:
    before = judged(6, 20, 4)
    first, again, other = (paired_draws(before, better(before), "spearman", seed=seed).draws for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_an_unknown_metric_is_refused() -> None:
    drawn = judged(7, 10, 2)
    with pytest.raises(KeyError):
        paired_draws(drawn, drawn, "pearson")


def anger(judge: Values) -> Scores:
    """Humans find anger in 12 of 100 rows, as in BRIGHTER."""
    human = np.zeros(100)
    human[:12] = np.tile([1, 2, 3], 4)
    return Scores(criteria(("anger",), 0, 3), human[:, None], judge[:, None])


def tracking(found: int, false_alarms: int = 0) -> Values:
    """A judge that finds some of the twelve angry rows and takes some others for angry."""
    judge = np.zeros(100)
    judge[:found] = np.tile([2, 1, 3], 4)[:found]
    judge[50 : 50 + false_alarms] = 1
    return judge


BEFORE = anger(tracking(9, false_alarms=6))


def test_an_always_zero_judge_is_never_accepted_for_its_small_error() -> None:
    noisy, zero = anger(tracking(9, false_alarms=20)), anger(np.zeros(100))
    errors = [METRICS["mae"](scores.judge[:, 0], scores.human[:, 0]) for scores in (noisy, zero)]
    assert errors[1] < errors[0]  # the hole that is closed
    assert collapsed(noisy, zero, 0) == "became constant"
    assert paired_draws(noisy, zero, "mae").difference is None


@pytest.mark.parametrize("found", [1, 2])
def test_a_judge_that_says_zero_nearly_always_stopped_using_its_scale(found: int) -> None:
    assert collapsed(BEFORE, anger(tracking(found)), 0) == "stopped using its scale"


@pytest.mark.parametrize("found, false_alarms", [(4, 0), (6, 1), (12, 0), (9, 30)])
def test_a_judge_that_follows_the_humans_passes_though_it_is_mostly_zero(found: int, false_alarms: int) -> None:
    assert collapsed(BEFORE, anger(tracking(found, false_alarms)), 0) is None


def test_a_judge_that_never_used_its_scale_does_not_stop_using_it() -> None:
    assert collapsed(anger(np.zeros(100)), anger(np.zeros(100)), 0) is None
    assert collapsed(anger(np.zeros(100)), anger(tracking(1)), 0) is None
    assert collapsed(anger(tracking(2)), anger(tracking(1)), 0) is None


@pytest.mark.parametrize("rows, lost, reason", [(100, 2, None), (100, 3, "lost coverage"), (350, 7, None)])
def test_more_than_two_points_of_coverage_is_too_much_to_lose(rows: int, lost: int, reason: str | None) -> None:
    before = judged(8, rows, 1)
    after = before.judge.copy()
    after[:lost, 0] = np.nan
    assert collapsed(before, Scores(before.criteria, before.human, after), 0) == reason
    assert collapsed(Scores(before.criteria, before.human, after), before, 0) is None


def test_a_criterion_that_nothing_can_be_said_about_any_more_became_undefined() -> None:
    drawn = judged(9, 50, 1)
    assert collapsed(drawn, with_column(drawn, 0, np.nan), 0) == "became undefined"
    only_calm = BEFORE.judge.copy()
    only_calm[:12] = np.nan
    assert collapsed(BEFORE, Scores(BEFORE.criteria, BEFORE.human, only_calm), 0) == "became undefined"


def test_a_rewrite_of_another_criterion_does_not_concern_this_one() -> None:
    drawn = judged(10, 50, 2)
    changed = with_column(drawn, 1, 3.0)
    assert collapsed(drawn, changed, 0) is None
    assert collapsed(drawn, changed, 1) == "became constant"
