"""Drift against a judge's own noise: right by naive computations, quiet without drift, loud with it."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy import stats

from metrics.drift import Scorings, change_cells, changes, own_noise, randomization
from metrics.multiplicity import holm
from metrics.repeats import MEASURES, splits
from metrics.scores import Values
from tests.metrics.rated import criteria

Change = Callable[[Values, np.random.Generator], Values]


def noisy(
    seed: int, rows: int = 60, repeats: int = 3, now: int = 1, noise: float = 0.2, change: Change | None = None,
    unscored: float = 0.0,
) -> Scorings:  # fmt: skip
    """Two criteria on 1-5, a share `noise` of the scores moved by chance in every scoring; `change` is the drift."""
    generator = np.random.default_rng(seed)
    plain = generator.integers(1, 6, size=(rows, 2)).astype(np.float64)

    def scoring(values: Values) -> Values:
        moved = np.where(generator.random(values.shape) < noise, generator.choice([-1, 1], size=values.shape), 0)
        scores = np.clip(values + moved, 1, 5)
        return np.where(generator.random(values.shape) < unscored, np.nan, scores)

    then = np.stack([scoring(plain) for _ in range(repeats)])
    again = plain if change is None else change(plain.copy(), generator)
    return Scorings(criteria(), then, np.stack([scoring(again) for _ in range(now)]), np.arange(rows) // 2)


def naive(then: Values, now: Values) -> tuple[float, float, float, float, float]:
    """Bias, deviations, Spearman and coverage of one criterion, row by row; then (R, n), now (S, n)."""
    pairs = [
        (old[~np.isnan(old)], new[~np.isnan(new)])
        for old, new in zip(then.T, now.T, strict=True)
        if not (np.isnan(old).all() or np.isnan(new).all())
    ]
    means = np.array([(old.mean(), new.mean()) for old, new in pairs])
    squares = np.array([((old**2).mean(), (new**2).mean()) for old, new in pairs])
    deviations = np.sqrt(squares.mean(axis=0) - means.mean(axis=0) ** 2)
    correlation = stats.spearmanr(means[:, 0], means[:, 1]).statistic if (np.ptp(means, axis=0) > 0).all() else np.nan
    coverage = np.mean(~np.isnan(now)) - np.mean(~np.isnan(then))
    return float(np.mean(means[:, 1] - means[:, 0])), *deviations.tolist(), float(correlation), float(coverage)


@pytest.mark.parametrize(("now", "unscored"), [(1, 0.0), (2, 0.0), (1, 0.3), (3, 0.3)])
def test_every_measure_is_that_of_a_loop_over_rows(now: int, unscored: float) -> None:
    scorings = noisy(1, now=now, unscored=unscored)
    cells = change_cells(scorings, resamples=50)
    for column, name in enumerate(scorings.names):
        bias, before, after, correlation, coverage = naive(scorings.then[:, :, column], scorings.now[:, :, column])
        found = [cells[measure][name]["value"] for measure in MEASURES]
        assert found == pytest.approx([bias, after / before, correlation, coverage])


def test_n_counts_the_rows_that_both_times_scored() -> None:
    scorings = noisy(2, unscored=0.4)
    both = (~np.isnan(scorings.then)).any(axis=0) & (~np.isnan(scorings.now)).any(axis=0)
    cells = change_cells(scorings, resamples=50)
    assert [cells["bias"][name]["n"] for name in scorings.names] == both.sum(axis=0).tolist()
    assert cells["coverage"]["fluency"]["n"] == 60


def test_the_interval_of_a_bias_is_the_jackknife_over_documents_where_they_are_few() -> None:
    scorings = noisy(3, rows=20)
    cell = change_cells(scorings)["bias"]["relevance"]
    apart = (scorings.now[0] - scorings.then.mean(axis=0))[:, 1]
    rest = [apart[np.arange(20) // 2 != document].mean() for document in range(10)]
    reach = stats.t.ppf(0.975, 9) * np.sqrt(9 / 10 * np.sum((rest - np.mean(rest)) ** 2))
    assert (cell["low"], cell["high"]) == pytest.approx((apart.mean() - reach, apart.mean() + reach))


def test_p_values_are_those_of_all_possible_deals() -> None:
    """Four rows scored twice and once: 81 deals, each counted by a loop."""
    scorings = noisy(4, rows=4, repeats=2, noise=0.6, change=lambda plain, _: np.clip(plain + 1, 1, 5))
    every, ways = np.concatenate([scorings.then, scorings.now]), splits(2, 1)
    found = randomization(scorings, draws=20_000)
    for column in range(2):
        observed, counts = _extremes(scorings.then[:, :, column], scorings.now[:, :, column]), np.zeros(4)
        for deal in product(range(3), repeat=4):
            new = [int(np.flatnonzero(ways[way])[0]) for way in deal]
            now = every[new, range(4), column][None]
            then = np.array([np.delete(every[:, row, column], new[row]) for row in range(4)]).T
            drawn = _extremes(then, now)
            counts += [not each < seen - 1e-9 for each, seen in zip(drawn, observed, strict=True)]
        expected = np.where(np.isnan(observed), np.nan, counts / 81)
        assert found[column] == pytest.approx(expected, abs=0.02, nan_ok=True)


def _extremes(then: Values, now: Values) -> list[float]:
    bias, before, after, correlation, coverage = naive(then, now)
    return [abs(bias), abs(after - before), -correlation, abs(coverage)]


def test_false_alarms_are_as_rare_as_stated() -> None:
    """Without drift any of eight tests alarms in at most a tenth of checks, and one test in no fewer than it may."""
    studies, alarms, small = 150, 0, 0
    for seed in range(studies):
        ps = randomization(noisy(1000 + seed, rows=40, unscored=0.05), draws=400, seed=seed)
        adjusted = holm(ps.ravel().tolist())
        alarms += min(p for p in adjusted if p is not None) <= 0.1
        small += int(ps[0, 0] <= 0.3)
    assert alarms <= 0.1 * studies + 2.33 * np.sqrt(studies * 0.1 * 0.9)
    assert abs(small - 0.3 * studies) <= 2.58 * np.sqrt(studies * 0.3 * 0.7)


def shifted(plain: Values, generator: np.random.Generator) -> Values:
    plain[:, 0] += generator.random(len(plain)) < 0.6
    return np.minimum(plain, 5)


def narrowed(plain: Values, _: np.random.Generator) -> Values:
    plain[:, 0] = np.clip(plain[:, 0], 2, 4)
    return plain


def shuffled(plain: Values, generator: np.random.Generator) -> Values:
    some = generator.random(len(plain)) < 0.4
    plain[some, 0] = generator.permutation(plain[some, 0])
    return plain


def silent(plain: Values, generator: np.random.Generator) -> Values:
    plain[generator.random(len(plain)) < 0.15, 0] = np.nan
    return plain


@pytest.mark.parametrize(
    ("change", "measure"), [(shifted, "bias"), (narrowed, "spread"), (shuffled, "spearman"), (silent, "coverage")]
)
def test_planted_drift_is_found_by_its_measure_and_on_its_criterion_only(change: Change, measure: str) -> None:
    found = []
    for seed in range(5):
        listed = changes(noisy(seed, rows=100, change=change), alpha=0.04, seed=seed, resamples=20)
        drifts = [(each.criterion, each.measure) for each in listed if each.p_holm is not None and each.p_holm <= 0.04]
        assert all(criterion == "fluency" for criterion, _ in drifts)
        found.append(("fluency", measure) in drifts)
    assert sum(found) >= 4


def test_a_judge_without_noise_is_tried_too() -> None:
    same = noisy(5, rows=100, noise=0)
    assert all(each.p == 1 for each in changes(same, resamples=20))
    assert all(each.cell["low"] is None for each in changes(same, resamples=20) if each.measure == "bias")
    one = same.now.copy()
    one[0, 0, 0] += 1 if one[0, 0, 0] < 5 else -1
    slip = changes(Scorings(same.criteria, same.then, one, same.documents), resamples=20)
    assert next(each.p for each in slip if each.measure == "bias") == pytest.approx(0.25, abs=0.02)  # one row of four
    moved = noisy(5, rows=100, noise=0, change=shifted)
    assert min(each.p_holm for each in changes(moved, resamples=20) if each.p_holm is not None) <= 0.01


def test_what_is_undefined_has_no_p_value_and_costs_the_others_nothing() -> None:
    scorings = noisy(6)
    then, now = scorings.then.copy(), scorings.now.copy()
    then[:, :, 0], now[:, :, 0] = 3, 3
    found = {
        (each.criterion, each.measure): each
        for each in changes(Scorings(scorings.criteria, then, now, scorings.documents), resamples=20)
    }
    assert found["fluency", "spearman"].p is None
    assert found["fluency", "spread"].cell["value"] is None
    assert found["fluency", "bias"].p == 1
    now[:, :, 0] = np.nan
    gone = changes(Scorings(scorings.criteria, then, now, scorings.documents), resamples=20)
    assert {each.measure: each.p_holm for each in gone[:4]} == pytest.approx(
        {"bias": None, "spread": None, "spearman": None, "coverage": gone[3].p_holm}
    )
    assert (gone[3].p_holm or 1) < 0.01


def test_a_judges_own_noise_is_that_of_a_loop() -> None:
    then = noisy(7, unscored=0.2).then[:, :, 0]
    variances = [np.var(row[~np.isnan(row)], ddof=1) for row in then.T if (~np.isnan(row)).sum() > 1]
    agreed = []
    for place in range(3):
        others = [np.delete(row, place) for row in then.T]
        pairs = [
            (row[place], other[~np.isnan(other)].mean())
            for row, other in zip(then.T, others, strict=True)
            if not np.isnan(row[place]) and not np.isnan(other).all()
        ]
        agreed.append(stats.spearmanr(pairs).statistic)
    assert own_noise(then) == pytest.approx((np.sqrt(np.mean(variances)), np.mean(agreed)))
    assert own_noise(np.array([[1.0, np.nan], [np.nan, 2.0]])) == (None, None)


def test_holm_rejects_what_its_step_down_rule_does() -> None:
    generator = np.random.default_rng(8)
    for _ in range(50):
        ps = generator.beta(0.3, 1.5, size=7).tolist()
        adjusted = holm(ps)
        for alpha in (0.01, 0.05, 0.2):
            rejected, order = set(), np.argsort(ps)
            for step, place in enumerate(order):
                if ps[place] > alpha / (7 - step):
                    break
                rejected.add(int(place))
            assert {place for place, p in enumerate(adjusted) if p is not None and p <= alpha} == rejected
    assert holm([None, 0.04]) == [None, 0.04]


def test_scorings_that_do_not_fit_are_refused() -> None:
    good = noisy(9)
    for then, now, words in (
        (good.then[:1], good.now, "two scorings"),
        (good.then, good.now[:, :-1], "same rows"),
        (good.then[:, :, :1], good.now[:, :, :1], "do not fit"),
        (good.then, good.now[:0], "one now"),
    ):
        with pytest.raises(ValueError, match=words):
            Scorings(good.criteria, then, now)
