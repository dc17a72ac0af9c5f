"""Agreement within and of systems equals direct loops with scipy, and the identity judge is neither helped nor hurt."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from metrics.metric import spearman
from metrics.scores import Scores, Values
from metrics.systems import _of_means, _within, identity_scores, system_agreement
from tests.metrics.rated import criteria, judged

SYSTEMS, DOCUMENTS = 6, 40


def with_systems(seed: int, effect: float, unscored: float = 0.0) -> Scores:
    """Every system wrote a text for every document; the raters like some systems better by `effect`."""
    drawn = judged(seed, DOCUMENTS, SYSTEMS, unscored=unscored)
    systems = np.tile(np.arange(SYSTEMS), DOCUMENTS)
    human = np.clip(np.round(drawn.human + effect * (systems - 2.5)[:, None]), 1, 5)
    return Scores(drawn.criteria, human, drawn.judge, drawn.documents, systems)


def repeated(scores: Scores, times: Values) -> Scores:
    """The scores with document d as often as `times[d]`, in a way that no weight is involved."""
    assert scores.documents is not None
    return scores.rows(np.repeat(np.arange(len(scores)), times[scores.documents].astype(int)))


def within_by_loop(scores: Scores, column: int) -> tuple[float, int]:
    values = []
    for system in range(SYSTEMS):
        own = (scores.systems == system) & scores.scored[:, column]
        judge, human = scores.judge[own, column], scores.human[own, column]
        if len(set(judge)) > 1 and len(set(human)) > 1:
            values.append(stats.spearmanr(judge, human).statistic)
    return float(np.mean(values)), len(values)


def means_by_loop(scores: Scores, column: int) -> float:
    scored = scores.scored[:, column]
    sides = [
        [side[(scores.systems == system) & scored, column].mean() for system in range(SYSTEMS)]
        for side in (scores.judge, scores.human)
    ]
    return float(stats.spearmanr(*sides).statistic)


def test_values_are_those_of_direct_loops() -> None:
    scores = with_systems(1, 0.5, unscored=0.1)
    found = system_agreement(scores, resamples=200)
    assert found is not None
    assert found["systems"] == SYSTEMS
    for column, name in enumerate(scores.names):
        value, count = within_by_loop(scores, column)
        assert found["within"][name]["value"] == pytest.approx(value)
        assert (found["within"][name]["n"], found["within"][name]["undefined"]) == (count, SYSTEMS - count)
        assert found["means"][name]["value"] == pytest.approx(means_by_loop(scores, column))
        alone = identity_scores(scores)
        assert found["identity"][name]["value"] == spearman(alone.judge[:, column], scores.human[:, column])
        both = scores.scored[:, column]
        own, other = (spearman(side.judge[both, column], side.human[both, column]) for side in (scores, alone))
        assert own is not None and other is not None
        assert found["beyond_identity"][name]["value"] == pytest.approx(own - other)
        for part in ("within", "identity", "beyond_identity"):
            cell = found[part][name]
            assert cell["low"] < cell["value"] < cell["high"]


def test_resampled_documents_give_what_repeated_rows_give() -> None:
    scores = with_systems(2, 0.5, unscored=0.1)
    weights = np.random.default_rng(0).multinomial(DOCUMENTS, [1 / DOCUMENTS] * DOCUMENTS, size=4).astype(np.float64)
    within, means = (make(scores, 0)(weights) for make in (_within, _of_means))
    for place, times in enumerate(weights):
        again = repeated(scores, times)
        for column in range(2):
            assert within[place, 0, column] == pytest.approx(within_by_loop(again, column)[0])
            assert means[place, 0, column] == pytest.approx(means_by_loop(again, column))


def test_the_identity_judge_scores_by_the_systems_place_in_the_other_documents() -> None:
    scores = with_systems(3, 0.5)
    alone = identity_scores(scores)
    assert scores.systems is not None and scores.documents is not None
    for row in (0, 7, 100, 239):
        others = scores.documents != scores.documents[row]
        means = [scores.human[others & (scores.systems == system), 0].mean() for system in range(SYSTEMS)]
        place = stats.rankdata(np.round(means, 9))[scores.systems[row]] / SYSTEMS
        assert alone.judge[row, 0] == pytest.approx(place)


def test_it_finds_nothing_where_systems_do_not_differ_and_much_where_they_do() -> None:
    """Leaving a row out of its system's mean would give about -.12 here, and leaving it in .12."""
    nothing, much = [], []
    for seed in range(12):
        human = np.random.default_rng(seed).integers(1, 6, (DOCUMENTS * SYSTEMS, 1)).astype(np.float64)
        systems, documents = np.tile(np.arange(SYSTEMS), DOCUMENTS), np.repeat(np.arange(DOCUMENTS), SYSTEMS)
        alone = identity_scores(Scores(criteria(("a",)), human, human, documents, systems))
        nothing.append(spearman(alone.judge[:, 0], human[:, 0]))
        strong = with_systems(seed, 0.8)
        much.append(spearman(identity_scores(strong).judge[:, 0], strong.human[:, 0]))
    assert abs(np.mean(nothing)) < 0.05
    assert min(much) > 0.5


def test_a_judge_that_only_knows_the_system_has_nothing_within_and_is_not_beyond() -> None:
    scores = with_systems(4, 0.8)
    assert scores.systems is not None
    judge = scores.with_judge(np.column_stack([1.0 + scores.systems // 1.5] * 2))
    found = system_agreement(judge, resamples=100)
    assert found is not None
    assert found["means"]["fluency"]["value"] > 0.8
    assert (found["within"]["fluency"]["value"], found["within"]["fluency"]["n"]) == (None, 0)
    assert found["beyond_identity"]["fluency"]["high"] < 0.1


def test_unbalanced_systems_and_rows_without_documents() -> None:
    drawn = judged(5, 60, 1)
    systems = np.append(np.arange(57) % 4, [4, 5, 5])
    found = system_agreement(Scores(drawn.criteria, drawn.human, drawn.judge, None, systems), resamples=100)
    assert found is not None
    assert found["systems"] == 6
    assert found["within"]["fluency"]["n"] + found["within"]["fluency"]["undefined"] == 6
    assert found["identity"]["fluency"]["n"] == 59  # one system wrote nothing else
    assert found["means"]["fluency"]["low"] is not None


@pytest.mark.parametrize("systems", [None, [0, 1] * 20])
def test_unknown_systems_or_two_of_them_say_nothing(systems: Any) -> None:
    drawn = judged(6, 20, 2)
    codes = None if systems is None else np.array(systems)
    assert system_agreement(Scores(drawn.criteria, drawn.human, drawn.judge, drawn.documents, codes)) is None


def test_nothing_scored_is_undefined() -> None:
    scores = with_systems(7, 0.5)
    found = system_agreement(scores.with_judge(np.full_like(scores.judge, np.nan)), resamples=20)
    assert found is not None
    for part in ("within", "means", "beyond_identity"):
        assert {cell["value"] for cell in found[part].values()} == {None}
    assert found["identity"]["fluency"]["value"] is not None
