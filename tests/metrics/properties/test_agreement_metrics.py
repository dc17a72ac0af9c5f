"""Agreement of two columns: what must not change it, between which bounds it lies, and the reference libraries."""

import krippendorff as alpha_reference
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from metrics import levels, pairwise, ranks
from metrics.agreement import Agreement
from metrics.constants import against_constants, best_level
from metrics.metric import METRICS, Metric, off_by_n
from metrics.pairwise import best_epsilon
from metrics.scores import Scores, Values
from metrics.tables import cluster_tables, informing, off_commonest, tabulate
from metrics.whole_levels import best_kendall, best_spearman, tie_ceilings
from metrics.worst_case import filling_bounds, worst_case
from signatures.records import Criterion
from tests.metrics.properties.drawn import LEVELS, MAYBE, MEANS, NAMES, SEEDS, again, columns, rated, same

Columns = tuple[Values, Values]
every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
RANKS = [METRICS[name] for name in ("spearman", "kendall")]
BATCHES = (
    ranks.spearman, ranks.kendall, ranks.krippendorff, levels.quadratic_kappa, levels.mean_absolute_error,
    levels.accuracy, levels.differing, pairwise.pairwise_accuracy,
)  # fmt: skip
SCALE = Criterion("fluency", 1, 5)


@every_metric
@given(columns(), SEEDS)
def test_neither_the_order_of_rows_nor_unscored_ones_change_a_value(metric: Metric, found: Columns, seed: int) -> None:
    judge, human = found
    order = np.random.default_rng(seed).permutation(len(judge) + 3)
    gaps = np.append(judge, [np.nan] * 3)[order], np.append(human, [1.0, 3.0, 5.0])[order]
    assert same(metric(*gaps), metric(judge, human))


@every_metric
@given(columns())
def test_values_lie_within_their_bounds_and_the_sides_may_be_exchanged(metric: Metric, found: Columns) -> None:
    value, (low, high) = metric(*found), metric.bounds
    assert value is None or low <= value <= high
    assert same(metric(found[1], found[0]), value)


@every_metric
@given(MEANS, LEVELS, st.integers(0, 6))
def test_a_constant_has_no_order_and_nothing_scored_has_no_value(
    metric: Metric, human: float, judge: float, rows: int
) -> None:
    assert metric(np.full(rows, np.nan), np.full(rows, human)) is None
    if rows and metric in RANKS:
        varying = np.arange(rows, dtype=np.float64)
        assert metric(np.full(rows, judge), varying) is metric(varying, np.full(rows, human)) is None
    if metric.kind in ("coefficient", "pairs"):
        assert metric(np.array([judge]), np.array([human])) is None


@every_metric
@given(columns(least=2))
def test_full_agreement_is_the_best_there_is(metric: Metric, found: Columns) -> None:
    human = found[1]
    best = {1: metric.bounds[1], -1: metric.bounds[0]}[metric.orientation]
    assert metric(human, human) in (None, pytest.approx(best))


@pytest.mark.parametrize("metric", RANKS, ids=lambda metric: metric.name)
@given(columns(), st.sampled_from([np.exp, np.sqrt, lambda side: side**3 - 7]))
def test_rank_metrics_see_order_only(metric: Metric, found: Columns, bent) -> None:
    judge, human = found
    value = metric(judge, human)
    assert same(value, metric(bent(judge), human))
    assert same(value, metric(judge, bent(human)))
    assert same(value, metric(-judge, human), lambda each: -each)


@pytest.mark.parametrize("name", ["spearman", "kendall", "qwk", "mae", "off_by_one", "accuracy"])
@given(columns())
def test_every_row_twice_is_the_same_agreement(name: str, found: Columns) -> None:
    assume(len(found[0]) > 1)
    assert same(METRICS[name](*found), METRICS[name](*(np.tile(side, 2) for side in found)))


@pytest.mark.parametrize("name", ["qwk", "mae", "off_by_one", "accuracy", "krippendorff"])
@given(columns(), st.integers(-5, 5))
def test_metrics_of_levels_move_with_the_scale(name: str, found: Columns, by: int) -> None:
    assert same(METRICS[name](*found), METRICS[name](*(side + by for side in found)))


@given(st.lists(st.tuples(LEVELS, LEVELS), min_size=2, max_size=40))
def test_equal_to_scipy_scikit_learn_and_krippendorff(rows: list[tuple[float, float]]) -> None:
    from sklearn.metrics import accuracy_score, cohen_kappa_score, mean_absolute_error  # a second, so only where needed

    judge, human = np.array(rows).T
    assert same(METRICS["mae"](judge, human), mean_absolute_error(human, judge))
    assert same(METRICS["accuracy"](judge, human), accuracy_score(human, judge))
    if len({*judge, *human}) > 1:
        kappa = cohen_kappa_score(judge, human, weights="quadratic", labels=SCALE.levels)
        assert same(METRICS["qwk"](judge, human), kappa)
        alpha = alpha_reference.alpha(np.stack([judge, human]), level_of_measurement="ordinal")
        assert same(METRICS["krippendorff"](judge, human), alpha)
    if len(set(judge)) > 1 and len(set(human)) > 1:
        assert same(METRICS["spearman"](judge, human), stats.spearmanr(judge, human).statistic)
        assert same(METRICS["kendall"](judge, human), stats.kendalltau(judge, human).statistic)


@given(columns(least=2), st.floats(0, 3))
def test_pairwise_accuracy_and_its_best_threshold_are_those_of_every_pair(found: Columns, epsilon: float) -> None:
    judge, human = found

    def by_hand(within: float) -> float:
        pairs = [(a, b) for a in range(len(judge)) for b in range(a)]
        order = [0 if abs(judge[a] - judge[b]) <= within else np.sign(judge[a] - judge[b]) for a, b in pairs]
        return float(np.mean([said == np.sign(human[a] - human[b]) for said, (a, b) in zip(order, pairs, strict=True)]))

    cells, place = tabulate(judge, human)
    counts = np.bincount(place).astype(np.float64)[None]
    assert same(float(pairwise.pairwise_accuracy(cells, counts, epsilon)[0]), by_hand(epsilon))
    best = by_hand(best_epsilon(judge, human))
    assert best >= max(by_hand(0.0), by_hand(epsilon)) - 1e-12


@given(columns(least=1), st.integers(1, 4))
def test_a_table_that_counts_cells_k_times_is_that_of_the_rows_repeated(found: Columns, times: int) -> None:
    cells, place = tabulate(*found)
    counts = np.bincount(place, minlength=len(cells.judge_codes)).astype(np.float64)
    repeated = cluster_tables(
        *(np.repeat(side, times) for side in found), np.zeros(times * len(place), dtype=np.intp), 1
    )
    for batch in BATCHES:
        one, other = batch(cells, times * counts[None]), batch(repeated.cells, repeated.weighted(np.ones((1, 1))))
        np.testing.assert_allclose(one, other, atol=1e-12)


@given(columns(least=1), SEEDS)
def test_what_informs_an_order_is_off_the_commonest_value(found: Columns, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 4, len(found[0]))
    off = [off_commonest(side) for side in found]
    for side, rows in zip(found, off, strict=True):
        assert len(np.unique(side[~rows])) == 1
        assert (~rows).sum() == np.unique(side, return_counts=True)[1].max()
        assert informing(side, codes) == len(np.unique(codes[rows]))
    table = cluster_tables(*found, codes, 4)
    assert table.informing() == min(informing(side, codes) for side in found)
    assert not off_commonest(np.full(3, np.nan)).any()


@given(columns(least=1))
def test_pieces_of_the_metrics_are_what_they_say(found: Columns) -> None:
    cells, place = tabulate(*found)
    counts = np.bincount(place, minlength=len(cells.judge_codes)).astype(np.float64)[None]
    by_judge = ranks.centred_midranks(cells.judge_counts(counts))[0][cells.judge_codes][place]
    np.testing.assert_allclose(by_judge, stats.rankdata(found[0]) - (len(place) + 1) / 2)
    signs = [np.sign(side[:, None] - side) for side in found]
    assert ranks.concordance(cells, counts)[0] == (signs[0] * signs[1]).sum() / 2
    np.testing.assert_array_equal(levels.nearest_levels(found[1]), np.floor(found[1] + 0.5))


@given(columns())
def test_off_by_n_grows_with_n_up_to_one(found: Columns) -> None:
    shares = [off_by_n(*found, apart) for apart in (0, 1, 2.5, 4)]
    assert shares == [None] * 4 if not len(found[0]) else shares == sorted(shares) and shares[-1] == 1
    assert same(shares[1], METRICS["off_by_one"](*found))
    cells, place = tabulate(*found)
    counts = np.bincount(place, minlength=len(cells.judge_codes)).astype(np.float64)[None]
    np.testing.assert_array_equal(levels.off_by(cells, counts, 2.5), [np.nan if shares[2] is None else shares[2]])


@given(columns(least=2), st.integers(2, 5), SEEDS)
def test_no_judge_of_whole_levels_exceeds_the_ceiling_of_ties(found: Columns, count: int, seed: int) -> None:
    human, random = found[1], np.random.default_rng(seed)
    ceilings = {"spearman": best_spearman(human, count), "kendall": best_kendall(human, count)}
    cuts = np.sort(random.choice(np.unique(human), count - 1))
    for name, most in ceilings.items():
        for judge in (random.integers(0, count, len(human)), np.searchsorted(cuts, human)):
            value = METRICS[name](judge, human)
            assert value is None or (most is not None and value <= most + 1e-9)
        assert same(most, 1.0) or most is None or len(np.unique(human)) > count
    scores = Scores((SCALE,), human[:, None], human[:, None])
    assert tie_ceilings(scores)["spearman"]["fluency"] == best_spearman(human, 5)


@every_metric
@given(st.lists(st.tuples(MAYBE, MEANS), min_size=1, max_size=8), SEEDS)
def test_whatever_unscored_rows_get_stays_within_the_bounds(
    metric: Metric, rows: list[tuple[float, float]], seed: int
) -> None:
    judge, human = np.array(rows).T
    low, high = filling_bounds(metric, SCALE, judge, human)
    filled = np.where(np.isnan(judge), np.random.default_rng(seed).integers(1, 6, len(judge)), judge)
    value = metric(filled, human)
    if metric.mean_of_rows and value is not None:  # for the others the bounds are what a search found
        assert low - 1e-9 <= value <= high + 1e-9
    assert np.isnan(low) or low <= high


@given(rated(gaps=0), SEEDS)
def test_with_every_row_scored_the_worst_case_is_the_difference(before: Scores, seed: int) -> None:
    after = again(before, seed)
    bounds = worst_case(before, after)
    for name, metric in METRICS.items():
        for place, criterion in enumerate(NAMES):
            one, other = (metric(side.judge[:, place], side.human[:, place]) for side in (before, after))
            change = None if one is None or other is None else other - one
            assert same(bounds[name][criterion]["low"], change)
            assert same(bounds[name][criterion]["high"], change)


@given(rated(least=2))
def test_no_constant_beats_the_best_constant(scores: Scores) -> None:
    human = scores.human[:, 0]
    for name in ("mae", "accuracy", "off_by_one", "spearman"):
        metric = METRICS[name]
        values = {level: metric(np.full(len(human), level), human) for level in SCALE.levels}
        chosen = best_level(metric, SCALE.levels, human)
        assert chosen is None or all(
            metric.orientation * (values[chosen] - other) >= 0 for other in values.values() if other is not None
        )
    found = against_constants(scores, ["mae"], resamples=10)["mae"]
    assert all(cell["beaten"] in (None, bool(cell["difference"]["value"] > 0)) for cell in found.values())


@given(st.tuples(MAYBE, MAYBE), st.tuples(MEANS, MEANS))
def test_the_agreement_of_one_item_is_the_mean_of_its_scored_criteria(judge, human) -> None:
    criteria = [Criterion(name, 1, 5) for name in NAMES]
    said = {name: score for name, score in zip(NAMES, judge, strict=True) if not np.isnan(score)}
    found = Agreement(criteria)(dict(zip(NAMES, human, strict=True)), said)
    assert found["objective_scores"].keys() == said.keys()
    assert all(0 <= value <= 1 for value in found["objective_scores"].values())
    assert same(found["score"], float(np.mean([*found["objective_scores"].values()])) if said else 0.0)
    turned = Agreement(criteria[::-1])(dict(zip(NAMES, human, strict=True)), said)
    assert same(turned["score"], found["score"])
