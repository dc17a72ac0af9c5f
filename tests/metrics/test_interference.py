"""Pairs of criteria: planted losses are found, chance ones are not, and p-values are as the intervals."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from metrics.estimates import pooled_difference
from metrics.interference import PairEffects, effect_cells, length_slope, pair_effects
from metrics.metric import METRICS
from metrics.multiplicity import discoveries, p_values
from metrics.scores import Scores
from signatures.records import Criterion

NAMES = ("a", "b", "c", "d")
CRITERIA = tuple(Criterion(name, 1, 5) for name in NAMES)
TOKENS = {"a": 10, "b": 200, "c": 100, "d": 10}


def planted(harm: dict[str, float], rows: int = 240, documents: int = 60, seed: int = 0) -> PairEffects:
    """Beside b, a criterion's score is at random in `harm[b]` of the rows; else it is what it was alone."""
    random = np.random.default_rng(seed)
    human = random.integers(1, 6, (rows, len(NAMES))).astype(float)
    own = np.where(random.random(human.shape) < 0.2, random.integers(1, 6, human.shape), human)
    codes = np.arange(rows) % documents
    together = {}
    for pair in combinations(range(len(NAMES)), 2):
        judge = np.full(human.shape, np.nan)
        for column in pair:
            (other,) = set(pair) - {column}
            hurt = random.random(rows) < harm.get(NAMES[other], 0)
            judge[:, column] = np.where(hurt, random.integers(1, 6, rows), own[:, column])
        together[frozenset(NAMES[column] for column in pair)] = Scores(CRITERIA, human, judge, codes)
    return pair_effects(Scores(CRITERIA, human, own, codes), together)


def test_who_hurts_whom_is_found_and_nobody_else() -> None:
    cells = effect_cells(planted({"b": 0.7}), METRICS["spearman"])
    for a in NAMES:
        for b in set(NAMES) - {a}:
            found = cells[f"{a}|{b}"]
            assert (found["high"] < 0 and found["p"] < 0.001) if b == "b" else (found["value"], found["p"]) == (0, 1)
    assert cells["mean"]["value"] == pytest.approx(np.mean([cells[name]["value"] for name in cells if name != "mean"]))


def test_a_distance_is_turned_so_that_a_loss_is_negative() -> None:
    cells = effect_cells(planted({"b": 0.7}), METRICS["mae"])
    assert cells["a|b"]["high"] < 0


def test_the_slope_finds_length_and_ignores_what_every_pair_loses() -> None:
    spearman = METRICS["spearman"]
    by_length = length_slope(planted({name: count / 250 for name, count in TOKENS.items()}), TOKENS, spearman)
    assert by_length["slope"]["low"] > 0.1
    assert by_length["correlation"]["value"] > 0.9
    assert by_length["slope"]["n"] == 12
    alike = length_slope(planted(dict.fromkeys(NAMES, 0.4)), TOKENS, spearman)
    assert alike["slope"]["low"] < 0 < alike["slope"]["high"]


def test_no_slope_where_all_lengths_are_one_or_there_are_two_criteria() -> None:
    effects = planted({"b": 0.5})
    same = length_slope(effects, dict.fromkeys(NAMES, 7), METRICS["spearman"])
    assert same["slope"]["value"] is None
    two = effects.alone.columns(["a|b", "b|a"]), effects.together.columns(["a|b", "b|a"])
    found = length_slope(PairEffects([("a", "b"), ("b", "a")], *two), TOKENS, METRICS["spearman"])
    assert (found["slope"]["value"], found["correlation"]["value"]) == (None, None)


def test_unscored_rows_are_left_out_on_both_sides() -> None:
    effects = planted({})
    gone = effects.together.judge.copy()
    gone[:10, 0] = np.nan
    together = Scores(effects.together.criteria, effects.together.human, gone, effects.together.documents)
    some = PairEffects(effects.pairs, effects.alone, together)
    cell = effect_cells(some, METRICS["mae"])[effects.alone.names[0]]
    assert (cell["n"], cell["value"]) == (230, 0)


@pytest.mark.parametrize("rows", [20, 400])
def test_without_documents_p_is_the_paired_t_tests(rows: int) -> None:
    random = np.random.default_rng(rows)
    human = np.full((rows, 1), 3.0)
    before, after = human + 1, human + 1 + random.normal(0.1, 0.6, (rows, 1)).clip(-0.9, 3)
    criterion = (Criterion("a", 1, 5),)
    change = pooled_difference(Scores(criterion, human, before), Scores(criterion, human, after), [METRICS["mae"]])
    ((p, mean),) = p_values(change, seed=0, resamples=4000)
    assert p == mean
    assert p == pytest.approx(ttest_1samp((after - before)[:, 0], 0).pvalue, rel=0.15)


def test_discoveries_keep_what_has_no_p() -> None:
    assert discoveries([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.04, 0.04])
    assert discoveries([None]) == [None]
    assert discoveries([]) == []
