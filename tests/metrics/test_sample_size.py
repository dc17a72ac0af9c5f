"""Sample sizes: right by loops, by SciPy's noncentral t, and by whether the advised number reaches its power."""

import numpy as np
import pytest
from scipy import stats

from metrics.attenuation import mean_reliability, seen_difference
from metrics.estimates import pooled_difference
from metrics.metric import METRICS, spearman
from metrics.multiplicity import p_values
from metrics.sample_size import FRACTIONS, MOST_UNITS, Variance, needed, power, scaling, variances, visible
from metrics.scores import Scores
from tests.metrics.rated import criteria


def judges(generator: np.random.Generator, documents: int, rows: int = 2) -> tuple[Scores, Scores]:
    """Two judges of one criterion on the same rows, the second the better one; documents have levels of their own."""
    size = (documents * rows, 1)
    latent = np.repeat(generator.normal(size=(documents, 1)), rows, axis=0) + generator.normal(size=size)
    shared = generator.normal(size=size)
    sides = [latent + 0.5 * generator.normal(size=size), latent + 1.3 * shared, latent + 0.9 * shared]
    sides[1] += 0.6 * generator.normal(size=size)
    sides[2] += 0.6 * generator.normal(size=size)
    human, before, after = (np.clip(np.round(side + 3), 1, 5) for side in sides)
    codes = np.repeat(np.arange(documents), rows)
    known = criteria(("fluency",))
    return Scores(known, human, before, codes), Scores(known, human, after, codes)


def differences(before: Scores, after: Scores, metric: str = "spearman"):  # type: ignore[no-untyped-def]
    return pooled_difference(before, after, [METRICS[metric]])


def test_the_variance_is_that_of_pseudo_values_from_a_loop_over_documents() -> None:
    before, after = judges(np.random.default_rng(0), 25)
    values = []
    for document in [None, *range(25)]:
        kept = np.ones(50, dtype=bool) if document is None else before.documents != document
        values.append(
            stats.spearmanr(after.judge[kept], after.human[kept]).statistic
            - stats.spearmanr(before.judge[kept], before.human[kept]).statistic
        )
    pseudo = 25 * values[0] - 24 * np.array(values[1:])
    found = variances(differences(before, after))
    expected = 2 * 25 / (stats.kurtosis(pseudo, fisher=False) - 1)
    for each in found:  # the criterion, and the mean over this one
        assert each is not None
        assert each.value == pytest.approx(pseudo.var(ddof=1))
        assert 1 <= each.freedom <= min(24, expected)


@pytest.mark.parametrize("units", [2, 3, 6, 20, 64, 400, 20_000])
@pytest.mark.parametrize("difference", [0.01, 0.1, 0.3, 1, 4])
def test_power_is_that_of_the_noncentral_t(units: int, difference: float) -> None:
    far, critical = difference * np.sqrt(units / 2), stats.t.ppf(0.975, units - 1)
    other = stats.nct.cdf(-critical, units - 1, far) if far < 5 else 0  # SciPy gives NaN far out
    expected = stats.nct.sf(critical, units - 1, far) if far < 20 else 1
    assert power(units, difference, 2.0, 0.05) == pytest.approx(expected + other, abs=1e-4)


def test_needed_is_the_first_number_that_reaches_the_power() -> None:
    for variance in (0.5, 3.0, 40.0):
        found = needed(Variance(variance, 20.0), 0.4, alpha=0.05, target=0.8)
        assert found.units is not None
        assert power(found.units, 0.4, variance, 0.05) >= 0.8
        assert found.units == 6 or power(found.units - 1, 0.4, variance, 0.05) < 0.8
        low, high = (variance * 20 / stats.chi2.ppf(p, 20) for p in (0.975, 0.025))
        assert found.low == needed(Variance(low, 20.0), 0.4, alpha=0.05, target=0.8).units
        assert found.high == needed(Variance(high, 20.0), 0.4, alpha=0.05, target=0.8).units


def test_more_than_anybody_has_is_no_number() -> None:
    found = needed(Variance(1.0, 9.0), 1e-5, alpha=0.05, target=0.8)
    assert (found.units, found.low, found.high) == (None, None, None)
    assert power(MOST_UNITS, 1e-5, 1.0, 0.05) < 0.8


def test_what_a_pilot_sees_is_what_it_would_be_advised_for() -> None:
    seen = visible(Variance(2.0, 30.0), 45, alpha=0.05, target=0.8)
    assert seen is not None
    assert power(45, seen, 2.0, 0.05) == pytest.approx(0.8, abs=0.002)
    assert needed(Variance(2.0, 30.0), seen, alpha=0.05, target=0.8).units == 45
    assert visible(Variance(0.0, 30.0), 45, alpha=0.05, target=0.8) is None


@pytest.mark.parametrize("metric", ["spearman", "mae"])
def test_the_advised_number_reaches_about_the_stated_power(metric: str) -> None:
    """Pilots of 150 documents advise; studies of so many (the median) find the true difference as often as told.

    Studies are tested as everywhere here, by resampling documents.
    """
    generator = np.random.default_rng(21)
    truth = abs(float(differences(*judges(generator, 100_000), metric).point[0, 0]))
    pilots = [variances(differences(*judges(generator, 150), metric))[0] for _ in range(7)]
    advised = [needed(each, truth, alpha=0.05, target=0.8).units for each in pilots if each is not None]
    units = int(np.median([each for each in advised if each is not None]))
    ps = [p_values(differences(*judges(generator, units), metric), seed=0, resamples=100) for _ in range(120)]
    found = np.mean([p[0, 0] < 0.05 for p in ps])
    assert 0.71 <= found <= 0.89  # 0.8, the luck of 120 studies, and what is left of the pilots'


def test_the_interval_of_the_number_covers_the_true_one() -> None:
    generator = np.random.default_rng(12)
    large = variances(differences(*judges(generator, 2_000)))[0]
    assert large is not None
    true = needed(large, 0.1, alpha=0.05, target=0.8).units
    assert true is not None
    covered, pilots = 0, 40
    for _ in range(pilots):
        pilot = variances(differences(*judges(generator, 30)))[0]
        assert pilot is not None
        found = needed(pilot, 0.1, alpha=0.05, target=0.8)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= true <= found.high
    assert covered / pilots >= 0.8


def test_parts_of_a_pilot_have_the_error_that_their_size_implies() -> None:
    before, after = judges(np.random.default_rng(13), 80)
    for ratio in scaling(differences(before, after))[0]:
        assert ratio == pytest.approx(1, abs=0.15)
    assert len(FRACTIONS) == 3


def test_parts_are_drawn_as_a_loop_would() -> None:
    before, after = judges(np.random.default_rng(14), 40)
    generator, values = np.random.default_rng(15), []
    for _ in range(400):
        kept = np.isin(before.documents, generator.choice(40, size=10, replace=False))
        values.append(
            (spearman(after.judge[kept, 0], after.human[kept, 0]) or 0)
            - (spearman(before.judge[kept, 0], before.human[kept, 0]) or 0)
        )
    own = variances(differences(before, after))[0]
    assert own is not None
    expected = np.std(values) * np.sqrt(10 / 30) / np.sqrt(own.value / 40)
    assert scaling(differences(before, after))[0][0] == pytest.approx(expected, rel=0.15)


def test_where_nothing_is_known_nothing_is_said() -> None:
    before, after = judges(np.random.default_rng(16), 5)
    assert variances(differences(before, after)) == [None, None]
    before, _ = judges(np.random.default_rng(16), 20)
    constant = Scores(before.criteria, before.human, np.full_like(before.judge, 3), before.documents)
    assert variances(differences(before, constant)) == [None, None]
    same = variances(differences(before, before))
    assert [each.value for each in same if each is not None] == [0, 0]
    assert scaling(differences(before, before)) == [[None, None, None]] * 2


def test_more_raters_show_more_of_a_correlation() -> None:
    """Raters with known noise, simulated: the reliability of their mean, and what a judge's correlation becomes."""
    generator, size = np.random.default_rng(17), 200_000
    true = generator.normal(size=size)
    judge = true + generator.normal(size=size)

    def ratings(raters: int) -> np.ndarray:  # type: ignore[type-arg]
        return true + generator.normal(size=(raters, size)).mean(axis=0) * 1.2

    three = float(np.corrcoef(ratings(3), ratings(3))[0, 1])
    six = float(np.corrcoef(ratings(6), ratings(6))[0, 1])
    assert mean_reliability(three, 3, 6) == pytest.approx(six, abs=0.01)
    assert mean_reliability(six, 6, 3) == pytest.approx(three, abs=0.01)
    assert mean_reliability(1.0, 3, 1) == 1
    seen = [float(np.corrcoef(judge, ratings(raters))[0, 1]) for raters in (3, 6)]
    assert seen_difference(seen[0], three, six) == pytest.approx(seen[1], abs=0.01)
