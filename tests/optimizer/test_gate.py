"""The gate's rules, and the holes that it closes."""

import numpy as np
import pytest

from metrics.scores import Scores
from programs.errors import UserError
from programs.optimizer.gate import GATES, gate
from programs.optimizer.keep import Candidate, finalists, keep_best, standing, values_of
from signatures.records import Criterion

ANGER = Criterion("anger", 0, 3)
JOY = Criterion("joy", 0, 3)
REAL_GATES = [name for name in GATES if name != "none"]


def rare_anger(seed: int = 0, rows: int = 300) -> np.ndarray:
    """Ratings like BRIGHTER's anger: 0 in 88 % of the rows."""
    return np.random.default_rng(seed).choice(4, size=rows, p=[0.88, 0.05, 0.05, 0.02]).astype(float)


def noisy(human: np.ndarray, share: float, seed: int = 1) -> np.ndarray:
    """A judge that answers at random in a share of the rows."""
    random = np.random.default_rng(seed)
    return np.where(random.random(len(human)) < share, random.integers(0, 4, len(human)), human).astype(float)


def scores(human: np.ndarray, judge: np.ndarray, *criteria: Criterion, documents: np.ndarray | None = None) -> Scores:
    """One column a criterion, all with the same ratings and scores."""
    names = criteria or (ANGER,)
    return Scores(names, np.column_stack([human] * len(names)), np.column_stack([judge] * len(names)), documents)


@pytest.mark.parametrize("metric", REAL_GATES)
@pytest.mark.parametrize("rule", ["probable", "not_worse"])
def test_a_clearly_better_judge_is_kept_and_a_clearly_worse_one_is_not(metric: str, rule: str) -> None:
    human = rare_anger()
    good, bad = scores(human, noisy(human, 0.05)), scores(human, noisy(human, 0.6))
    accept = gate(metric, rule)
    assert accept is not None
    assert accept(bad, good, ("anger",)).kept
    assert not accept(good, bad, ("anger",)).kept


@pytest.mark.parametrize("metric", REAL_GATES)
@pytest.mark.parametrize("rule", ["probable", "not_worse"])
@pytest.mark.parametrize("zeros", [1.0, 0.99])
def test_an_always_0_judge_is_never_accepted_for_its_good_mae(metric: str, rule: str, zeros: float) -> None:
    human = rare_anger()
    useful = noisy(human, 0.5)
    lazy = np.zeros_like(human)
    lazy[: round((1 - zeros) * len(human))] = 3
    assert np.abs(lazy - human).mean() < np.abs(useful - human).mean()
    accept = gate(metric, rule)
    assert accept is not None
    verdict = accept(scores(human, useful), scores(human, lazy), ("anger",))
    assert not verdict.kept
    assert verdict.reason in ("anger became constant", "anger stopped using its scale")


@pytest.mark.parametrize("metric", ["spearman", "kendall"])
def test_low_expectations_that_rank_better_are_kept_by_a_gate_of_ranks(metric: str) -> None:
    """All nearest to level 0: what a calibration mends, and no order loses by. A gate of levels takes it for lazy."""
    human = rare_anger()
    before, after = scores(human, noisy(human, 0.4)), scores(human, human / 8)
    kept, refused = (accept(before, after, ("anger",)) for accept in (gate(metric), gate("mae", "not_worse")) if accept)
    assert kept.kept
    assert refused.reason == "anger stopped using its scale"


@pytest.mark.parametrize("metric", REAL_GATES)
def test_one_collapsed_criterion_fails_the_head_though_the_other_improves(metric: str) -> None:
    human = rare_anger()
    before = scores(human, noisy(human, 0.4), ANGER, JOY)
    after = Scores(before.criteria, before.human, np.column_stack([np.zeros_like(human), human]))
    accept = gate(metric, "not_worse")
    assert accept is not None
    assert not accept(before, after, ("anger", "joy")).kept


def test_losing_more_than_two_points_of_coverage_fails() -> None:
    human = rare_anger()
    before = scores(human, noisy(human, 0.4))
    accept = gate("mae", "not_worse")
    assert accept is not None
    for lost, kept in ((6, True), (7, False)):
        judge = human.copy()
        judge[:lost] = np.nan
        assert accept(before, scores(human, judge), ("anger",)).kept is kept


@pytest.mark.parametrize("rule", ["probable", "not_worse"])
def test_nothing_comparable_is_a_rejection(rule: str) -> None:
    human = rare_anger()
    constant = scores(human, np.zeros_like(human))
    accept = gate("spearman", rule)
    assert accept is not None
    verdict = accept(constant, constant, ("anger",))
    assert (verdict.kept, verdict.reason) == (False, "nothing comparable")
    assert verdict.before == {"anger": None}


def test_a_criterion_undefined_for_both_is_left_out_of_the_difference() -> None:
    human = rare_anger()
    constant = np.zeros_like(human)
    before = Scores((ANGER, JOY), np.column_stack([human] * 2), np.column_stack([constant, noisy(human, 0.5)]))
    after = Scores((ANGER, JOY), before.human, np.column_stack([constant, human]))
    accept = gate("spearman")
    assert accept is not None
    verdict = accept(before, after, ("anger", "joy"))
    assert verdict.kept
    assert verdict.difference == pytest.approx(1.0 - float(verdict.before["joy"] or 0))


def test_a_change_within_noise_passes_not_worse_but_not_probable() -> None:
    human = rare_anger()
    before, after = noisy(human, 0.3), noisy(human, 0.3)
    place = int(np.flatnonzero((after != human) & (human == 0))[0])
    after[place] = 0.0  # one row better
    pair = scores(human, before), scores(human, after)
    not_worse, probable = gate("mae", "not_worse"), gate("mae", "probable", 0.8)
    assert not_worse is not None
    assert probable is not None
    assert not_worse(*pair, ("anger",)).kept
    verdict = probable(*pair, ("anger",))
    assert not verdict.kept
    assert verdict.probability == pytest.approx(1 - np.exp(-1), abs=0.06)  # the row is in a resample that often


def test_documents_are_resampled_whole() -> None:
    human = np.tile([0.0, 1.0, 2.0, 3.0], 25)
    before, after = noisy(human, 0.5), noisy(human, 0.5)
    after[:12] = human[:12]  # three documents of four rows got better
    documents = np.repeat(np.arange(25), 4)
    by_row, by_document = scores(human, before), scores(human, before, documents=documents)
    accept = gate("mae", "probable")
    assert accept is not None
    rows = accept(by_row, scores(human, after), ("anger",)).probability
    whole = accept(by_document, scores(human, after, documents=documents), ("anger",)).probability
    assert rows is not None
    assert whole is not None
    assert whole <= rows


def test_unknown_gates_and_rules_are_refused_and_none_is_no_gate() -> None:
    assert gate("none") is None
    with pytest.raises(UserError, match="did you mean 'kendall'"):
        gate("kendal")
    with pytest.raises(UserError, match="--accept"):
        gate("mae", "probably")


def one(step: int, **values: float | None) -> Candidate:
    return Candidate(step, dict.fromkeys(values, f"step {step}"), values)


def test_candidates_rank_by_defined_criteria_then_by_their_mean() -> None:
    assert standing({"a": 0.2, "b": 0.2}, "spearman") > standing({"a": 0.9, "b": None}, "spearman")
    assert standing({"a": 0.2}, "mae") > standing({"a": 0.9}, "mae")


def test_the_three_best_of_every_head_are_finalists_and_ties_go_to_the_earlier() -> None:
    archive = {
        ("a",): tuple(one(step, a=value) for step, value in enumerate([0.1, 0.5, 0.5, 0.9])),
        ("b",): (one(0, b=0.1),),
    }
    places = [[head[group].step for group in archive] for head in finalists(archive, "spearman")]
    assert places == [[3, 0], [1, 0], [2, 0]]


def test_the_reserved_rows_decide_among_the_finalists() -> None:
    human = np.tile([0.0, 1.0, 2.0, 3.0], 10)
    archive = {("anger",): (one(0, anger=0.1), one(1, anger=0.8), one(2, anger=0.9))}
    quality = {"step 0": 0.9, "step 1": 0.1, "step 2": 0.5}

    def score(rubric):  # type: ignore[no-untyped-def]
        return scores(human, noisy(human, quality[rubric["anger"]]))

    chosen = keep_best(archive, "spearman", score)[("anger",)]
    assert chosen.step == 1
    assert chosen.reserved == values_of(score({"anger": "step 1"}), "spearman", ("anger",))
    assert keep_best(archive, "spearman")[("anger",)].step == 2
