"""What is said of raters, and of a judge beyond its agreement: what must not change it, bounds, and definitions."""

from itertools import combinations, permutations
from random import Random
from statistics import fmean

import krippendorff as alpha_reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from metrics.ceiling import JUDGE, RATERS, ceiling, ceiling_over_runs
from metrics.clustering import cluster
from metrics.collapse import collapsed, off_commonest, varies
from metrics.drift import Scorings, change_cells, changes, own_noise, randomization
from metrics.expectation import (
    MEASURED,
    confidence,
    expected_score,
    level_chances,
    mean_chances,
    reply_chances,
    score_token,
)
from metrics.halo import halo
from metrics.interference import effect_cells, length_slope, pair_effects, side_by_side
from metrics.logprobs import asking_logprobs, reply_tokens, weights
from metrics.metric import METRICS, mae, spearman
from metrics.order import order_change
from metrics.panel import rater_array
from metrics.rank_matrix import partial_correlation, rank_matrix
from metrics.relabel import divided, mean_difference
from metrics.reliability import Panel, splits
from metrics.repeats import occasions
from metrics.repeats import splits as dealt
from metrics.scores import Scores
from metrics.scrutiny import scrutinize
from metrics.selective import Graded, at, choose, p_value, reachable, risk_coverage
from metrics.spread import spread, widest
from metrics.systems import identity_scores, system_agreement
from metrics.ties import calibrated, choose_ties, whole_scores
from tests.fake import FakeEngine, fake_lm
from tests.metrics.properties.drawn import NAMES, SEEDS, again, rated, same, shuffled

TINY = {"resamples": 5}
THREE = ("fluency", "relevance", "style")
few = settings(max_examples=6)
"""Where one example takes tens of milliseconds."""


def values_of(cells: dict) -> list[float | None]:
    return [cell["value"] for _, cell in sorted(cells.items())]


@few
@given(rated(least=8, raters=3), SEEDS)
def test_raters_and_criteria_may_be_named_and_ordered_in_any_way(scores: Scores, seed: int) -> None:
    assert scores.raters is not None
    turned = Scores(scores.criteria, scores.human, scores.judge, scores.documents, raters=scores.raters[:, :, ::-1])
    found = [ceiling({"judge": each}, seed=seed, **TINY) for each in (scores, turned, scores.columns(NAMES[::-1]))]
    for part, names in (("raters", RATERS), ("judges", JUDGE)):
        for name in names:
            tables = [each[part] if part == "raters" else each[part]["judge"] for each in found]
            for criterion in (*NAMES, "mean"):
                one, other, last = (table[name][criterion]["value"] for table in tables)
                assert same(one, other) and same(one, last)
                assert one is None or name.startswith("share") or -2 <= one <= 1
    over = ceiling_over_runs([scores, scores], seed=seed, **TINY)
    assert not over or all(
        same(over[name]["mean"]["value"], found[0]["raters"][name]["mean"]["value"]) for name in RATERS
    )


@given(st.integers(2, 4), st.integers(2, 15), SEEDS)
def test_alpha_is_krippendorffs_with_scores_missing_too(raters: int, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(1, 5, (rows, raters)).astype(np.float64)
    scores[random.random(scores.shape) < 0.3] = np.nan
    panel = Panel(scores, np.arange(rows), rows)
    for interval, level in ((False, "ordinal"), (True, "interval")):
        value = panel.alpha(np.ones((1, rows)), interval=interval)[0]
        known = scores[panel.rated]
        if panel.rated.sum() > 1 and len(np.unique(known[~np.isnan(known)])) > 1:
            assert value == pytest.approx(alpha_reference.alpha(scores.T, level_of_measurement=level))
        else:
            assert np.isnan(value)


@given(st.integers(2, 7), SEEDS)
def test_halves_are_halves_and_none_comes_twice(raters: int, seed: int) -> None:
    found = splits(raters, seed)
    assert len({frozenset(each) for each in found}) == len(found)
    assert all(len(one) == len(other) == raters // 2 and not {*one} & {*other} for one, other in found)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 5), min_size=1), min_size=1, max_size=8))
def test_a_panel_holds_every_score_in_its_row(given_: list[dict[str, int]]) -> None:
    found = rater_array([{"x": each} for each in given_], ["x"])
    assert found is not None
    for row, each in zip(found[:, 0], given_, strict=True):
        assert sorted(row[~np.isnan(row)]) == sorted(map(float, each.values()))


@given(rated(raters=3))
def test_the_most_divided_ratings_come_first_and_unanimous_ones_never(scores: Scores) -> None:
    assert scores.raters is not None
    apart = mean_difference(scores.raters)
    by_hand = np.mean(
        [np.abs(scores.raters[..., a] - scores.raters[..., b]) for a, b in combinations(range(3), 2)], axis=0
    )
    np.testing.assert_allclose(apart, by_hand)
    found = divided(scores)
    assert len(found) == np.count_nonzero(by_hand > 1e-9)
    assert [each.priority for each in found] == sorted((each.priority for each in found), reverse=True)
    assert all(0 < each.disagreement <= 1 and (each.judge is None) == (each.distance is None) for each in found)


@given(rated(least=3, names=THREE, gaps=0), SEEDS)
def test_a_rank_matrix_is_scipys_and_partial_correlations_are_those_of_residuals(scores: Scores, seed: int) -> None:
    columns = scores.judge
    matrix = rank_matrix(columns, np.arange(len(scores)))(np.ones((1, len(scores))))
    for a, b in combinations(range(3), 2):
        assert same(*(None if np.isnan(v) else v for v in (matrix[0, a, b], _spearman(columns[:, a], columns[:, b]))))
    ranks = stats.rankdata(columns, axis=0)
    controls = np.column_stack([np.ones(len(scores)), ranks[:, 2]])
    left = ranks[:, :2] - controls @ np.linalg.lstsq(controls, ranks[:, :2], rcond=None)[0]
    value = partial_correlation(matrix, 0, 1, [2])[0]
    if np.all(left.std(axis=0) > 1e-6):
        assert value == pytest.approx(np.corrcoef(left.T)[0, 1], abs=1e-6)
    else:
        assert np.isnan(value)


def _spearman(one, other) -> float:
    return np.nan if np.ptp(one) == 0 or np.ptp(other) == 0 else float(stats.spearmanr(one, other).statistic)


@few
@given(rated(least=4, names=THREE), SEEDS)
def test_halo_and_systems_do_not_depend_on_rows_order_or_codes(scores: Scores, seed: int) -> None:
    other = shuffled(scores, seed)
    assert other.systems is not None
    other = Scores(other.criteria, other.human, other.judge, other.documents, 7 - other.systems)
    one, two = halo(scores, **TINY), halo(other, **TINY)
    assert one is not None and two is not None and one["rows"] == two["rows"]
    for part in ("excess", "given_ratings", "given_scores"):
        assert all(map(same, values_of(one[part]), values_of(two[part])))
        most = 2 if part == "excess" else 1
        assert all(value is None or abs(value) <= most for value in values_of(one[part]))
    np.testing.assert_array_equal(identity_scores(scores).judge.shape, scores.judge.shape)
    known, turned = (system_agreement(each, **TINY) for each in (scores, other))
    assert (known is None) == (turned is None)
    for part in ("within", "means", "identity", "beyond_identity") if known and turned else ():
        assert all(map(same, values_of(known[part]), values_of(turned[part])))
    found = scrutinize(scores, ["mae"], **TINY)
    assert set(found) == {"constants", "halo", "systems", "ties"} and found["ties"] is None


@few
@given(rated(least=3, gaps=0.1), SEEDS)
def test_a_judge_in_its_own_order_has_not_changed(scores: Scores, seed: int) -> None:
    found = order_change(scores, [scores, again(scores, seed)], **TINY)
    itself = found["each"][0]
    assert all(value in (None, 0.0) for value in values_of(itself["between"]["changed"]))
    assert all(value in (None, 0.0) for name in ("spearman", "mae") for value in values_of(itself["agreement"][name]))
    assert all(value is None or 0 <= value <= 1 for value in values_of(found["mean"]["between"]["changed"]))


@given(rated(least=2), SEEDS)
def test_how_far_judges_are_apart_does_not_depend_on_their_order(scores: Scores, seed: int) -> None:
    other = again(scores, seed)
    one, two = spread([scores, other]), spread([other, scores])
    np.testing.assert_array_equal(one, two)
    assert np.all(np.isnan(one) | ((one >= 0) & (one <= 1)))
    assert not np.nan_to_num(spread([scores, scores])).any()
    rows = widest([scores, other], 3)
    assert [apart for _, apart in rows] == sorted((apart for _, apart in rows), reverse=True)


@given(rated(least=2), SEEDS)
def test_a_judge_never_collapses_into_itself(scores: Scores, seed: int) -> None:
    for place in range(len(NAMES)):
        assert collapsed(scores, scores, place) is None
        constant = scores.with_judge(np.where(scores.scored, 3.0, np.nan))
        assert (collapsed(scores, constant, place) is not None) or not varies(scores, place)
        assert 0 <= off_commonest(scores.human[:, place]) < 1
        assert collapsed(scores, scores.with_judge(np.full_like(scores.judge, np.nan)), place) or not varies(
            scores, place
        )


@few
@given(rated(least=3, gaps=0.1), st.integers(1, 9))
def test_real_scores_are_tied_within_their_epsilon_and_whole_ones_by_themselves(scores: Scores, tenths: int) -> None:
    assert whole_scores(scores) and choose_ties(scores, "here") is None
    real = scores.with_judge(scores.judge + tenths / 10 * np.arange(len(scores))[:, None] / len(scores))
    ties = choose_ties(real, "here")
    if ties is None:
        assert whole_scores(real)
        return
    found = calibrated(real, ties, **TINY)["accuracy"]
    for place, name in enumerate(NAMES):
        plain = METRICS["pairwise"](real.judge[:, place], real.human[:, place])
        value = found[name]["value"]
        assert (plain is None) == (value is None) and (value is None or plain is None or value >= plain - 1e-12)


@few
@given(rated(least=6, gaps=0, names=THREE), SEEDS)
def test_effects_of_a_neighbour_are_paired_differences(alone: Scores, seed: int) -> None:
    beside = {frozenset(pair): again(alone, seed + place) for place, pair in enumerate(combinations(THREE, 2))}
    effects = pair_effects(alone, beside)
    for metric in (spearman, mae):
        cells = effect_cells(effects, metric, **TINY)
        for a, b in effects.pairs:
            place = THREE.index(a)
            values = [metric(side.judge[:, place], side.human[:, place]) for side in (alone, beside[frozenset((a, b))])]
            wanted = None if None in values else metric.orientation * (values[1] - values[0])  # type: ignore[operator]
            assert same(cells[f"{a}|{b}"]["value"], wanted)
    slope = length_slope(effects, dict.fromkeys(THREE, 50), mae, **TINY)["slope"]
    assert slope["value"] is None  # all of one length


@few
@given(rated(least=8, gaps=0.1), SEEDS)
def test_a_check_of_an_unchanged_judge_finds_nothing_and_rows_may_come_in_any_order(scores: Scores, seed: int) -> None:
    twice = np.stack([scores.judge, scores.judge])
    same_ = Scorings(scores.criteria, twice, twice[:1], scores.documents)
    assert all(each.p in (None, 1.0) for each in changes(same_, alpha=0.5, **TINY))
    order = np.random.default_rng(seed).permutation(len(scores))
    now = again(scores, seed).judge[None]
    one = change_cells(Scorings(scores.criteria, twice, now), **TINY)
    two = change_cells(Scorings(scores.criteria, twice[:, order], now[:, order]), **TINY)
    assert all(same(one[m][n]["value"], two[m][n]["value"]) for m in one for n in NAMES)
    ps = randomization(Scorings(scores.criteria, twice, now), draws=20, seed=seed)
    assert np.all(np.isnan(ps) | ((ps >= 1 / 21) & (ps <= 1)))
    deviation, agreed = own_noise(twice[:, :, 0])
    assert deviation in (None, 0.0) and (agreed is None or agreed == pytest.approx(1))


@given(st.integers(1, 4), st.integers(1, 2), SEEDS)
def test_every_way_to_deal_scorings_out_is_there_once(then: int, now: int, seed: int) -> None:
    ways = dealt(then, now)
    assert len(np.unique(ways, axis=0)) == len(ways) and np.all(ways.sum(axis=1) == now)
    assert list(ways[0]) == [0] * then + [1] * now
    scorings = np.random.default_rng(seed).integers(1, 4, (then + now, 5)).astype(np.float64)
    table, places = occasions(scorings, ways)
    counts = np.bincount(places[:, 0], minlength=len(table.both)).astype(np.float64)[None]
    assert table.bias(counts)[0] == pytest.approx(scorings[then:].mean() - scorings[:then].mean())
    assert table.coverage(counts)[0] == 0


@st.composite
def graded(draw: st.DrawFn) -> Graded:
    random, rows = np.random.default_rng(draw(SEEDS)), draw(st.integers(1, 60))
    error = random.integers(0, 5, rows) * random.integers(0, 2, rows)
    return Graded(random.random(rows).round(1), error.astype(np.float64), np.arange(rows) // 2, 4.0)


@given(graded(), st.floats(0.1, 4))
def test_abstaining_keeps_more_at_a_larger_risk_and_says_what_it_kept(rows: Graded, risk: float) -> None:
    curve = risk_coverage(rows)
    assert [point.coverage for point in curve] == sorted(point.coverage for point in curve)
    assert curve[-1].kept == len(rows) and curve[-1].error == pytest.approx(rows.error.mean())
    assert all(point.error - 1e-6 <= point.upper <= rows.span for point in curve)
    found, more = choose(rows, risk), choose(rows, min(4.0, risk + 1))
    assert found is None or (
        more is not None and more.coverage >= found.coverage and found == at(rows, found.threshold)
    )
    least = reachable(rows)
    assert least is None or choose(rows, least) is not None
    shares = rows.error / rows.span
    assert 0 <= p_value(shares, rows.clusters, risk / 4) <= 1 == p_value(np.empty(0), np.empty(0, dtype=np.intp), 0.5)


@st.composite
def chances(draw: st.DrawFn) -> dict[int, float]:
    parts = draw(st.lists(st.integers(0, 9), min_size=5, max_size=5).filter(any))
    return {level: part / sum(parts) for level, part in zip(range(1, 6), parts, strict=True)}


@given(chances(), st.integers(1, 5))
def test_an_expectation_lies_on_the_scale_and_is_sure_where_all_is_on_one_level(
    shares: dict[int, float], level: int
) -> None:
    value = expected_score(shares)
    likely = [each for each, share in shares.items() if share]
    assert min(likely) - 1e-6 <= value <= max(likely) + 1e-6
    assert 0 <= confidence(shares, value) <= 1
    assert (confidence(shares, float(level)) == 1) == (likely == [level])
    top = [{"token": str(each), "logprob": float(np.log(share))} for each, share in shares.items() if share]
    said = {"token": str(likely[0]), "logprob": top[0]["logprob"], "top_logprobs": top}
    tokens = [{"token": '{"a": ', "logprob": 0.0}, said, {"token": "}", "logprob": 0.0}]
    assert score_token(tokens, "a", likely[0]) is said and score_token(tokens, "b", likely[0]) is None
    assert level_chances(tokens, "a", likely[0], range(1, 6)) == pytest.approx(shares)
    assert sum(weights(said, lambda text: "all").values()) == pytest.approx(1)
    reply = {"logprobs": {"content": tokens}}
    assert reply_tokens(reply) == tokens and not reply_tokens({})
    assert reply_chances(reply, "a", likely[0], range(1, 6)) == level_chances(tokens, "a", likely[0], range(1, 6))
    assert reply_chances({**reply, MEASURED: {"a": shares}}, "a", likely[0], range(1, 6)) == shares
    assert reply_chances({**reply, MEASURED: {}}, "a", likely[0], range(1, 6)) is None


@given(rated(names=THREE), SEEDS)
def test_side_by_side_takes_each_criterion_from_its_own_prompt(scores: Scores, seed: int) -> None:
    others = np.random.default_rng(seed).integers(1, 6, (3, *scores.judge.shape)).astype(np.float64)
    alone = {name: scores.with_judge(own) for name, own in zip(scores.names, others, strict=True)}
    found = side_by_side(alone)
    assert found.names == scores.names and (found.human == scores.human).all()
    assert all((found.judge[:, place] == others[place][:, place]).all() for place in range(3))


@given(st.lists(chances(), min_size=1, max_size=4), st.randoms())
def test_the_mean_of_several_replies_has_the_mean_of_their_expectations(
    several: list[dict[int, float]], random: Random
) -> None:
    mean = mean_chances(several)
    assert sum(mean.values()) == pytest.approx(1)
    assert expected_score(mean) == pytest.approx(fmean(map(expected_score, several)), abs=2e-6)
    assert mean_chances(random.sample(several, len(several))) == pytest.approx(mean)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 0.5)), min_size=12, max_size=12))
def test_clusters_hold_each_criterion_once_and_no_two_that_hurt_each_other(effects: list[tuple[float, float]]) -> None:
    names = ("a", "b", "c", "d")
    pairs = [f"{one}|{other}" for one, other in permutations(names, 2)]
    found = {pair: {"value": value, "high": value + reach} for pair, (value, reach) in zip(pairs, effects, strict=True)}
    groups = cluster(names, found)
    assert sorted(name for group in groups for name in group) == list(names)
    assert not any(found[f"{one}|{other}"]["high"] < 0 for group in groups for one, other in permutations(group, 2))
    hurting = [{*pair.split("|")} for pair, effect in found.items() if effect["high"] < 0]
    assert all(any(pair & {*one} and pair & {*other} for pair in hurting) for one, other in combinations(groups, 2))


def test_logprobs_are_asked_for_where_an_lm_gives_them() -> None:
    engine = FakeEngine()
    assert asking_logprobs(fake_lm(engine))["logprobs"] is True
    engine.supported_params = frozenset()  # type: ignore[misc]
    assert asking_logprobs(fake_lm(engine)) == {}
