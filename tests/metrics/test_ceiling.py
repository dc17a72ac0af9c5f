"""The ceiling's shape, what its shares are shares of, and that unscored rows and unknown raters stay so."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from metrics.ceiling import JUDGE, RATERS, ceiling
from metrics.metric import METRICS
from metrics.reliability import Panel
from metrics.scores import Scores, clusters
from tests.metrics.panels import rated
from tests.metrics.rated import NAMES, judged


def panels(scores: Scores) -> list[Panel]:
    assert scores.raters is not None
    codes, total = clusters(scores)
    return [Panel(scores.raters[:, place], codes, total) for place in range(len(scores.names))]


def values(cells: dict[str, dict[str, Any]], measure: str) -> list[float]:
    return [cells[measure][name]["value"] for name in NAMES]


@pytest.mark.parametrize("raters, missing, unscored", [(2, 0.0, 0.0), (3, 0.3, 0.1), (8, 0.0, 0.0)])
def test_it_is_plain_json_of_the_published_shape(raters: int, missing: float, unscored: float) -> None:
    scores, _ = rated(1, 40, 3, raters, missing=missing, unscored=unscored)
    found = ceiling({"before": scores, "after": scores}, resamples=50)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == ["known", "ties", "unknown", "panel", "raters", "judges"]
    assert (found["known"], found["unknown"]) == (True, [])
    assert list(found["raters"]) == list(RATERS)
    assert list(found["judges"]) == ["before", "after"]
    assert all(list(cells) == list(JUDGE) for cells in found["judges"].values())
    for cells in (*found["raters"].values(), *found["judges"]["after"].values()):
        assert list(cells) == ["mean", *NAMES]
        assert all(cell["low"] < cell["value"] < cell["high"] for cell in cells.values())
    assert found["judges"]["before"] == found["judges"]["after"]


def test_values_are_those_of_the_panels_and_shares_are_quotients() -> None:
    scores, _ = rated(2, 40, 3, 3, missing=0.2)
    found = ceiling({"judge": scores}, resamples=20)
    raters, judge = found["raters"], found["judges"]["judge"]
    every = np.ones((1, 40))
    own = panels(scores)
    assert values(raters, "one_rater") == pytest.approx([panel.alone(every)[0] for panel in own])
    assert values(raters, "split_half") == pytest.approx([panel.split_half(every)[0] for panel in own])
    assert values(raters, "alpha_ordinal") == pytest.approx([panel.alpha(every)[0] for panel in own])
    assert values(raters, "alpha_interval") == pytest.approx([panel.alpha(every, interval=True)[0] for panel in own])
    assert values(raters, "perfect_judge") == pytest.approx(np.sqrt(values(raters, "split_half")))
    others = [panel.against_others(scores.judge[:, place])(every)[0] for place, panel in enumerate(own)]
    assert values(judge, "against_others") == pytest.approx(others)
    assert values(judge, "minus_one_rater") == pytest.approx(np.subtract(others, values(raters, "one_rater")))
    assert values(judge, "share_of_one_rater") == pytest.approx(np.divide(others, values(raters, "one_rater")))
    spearman = [METRICS["spearman"](scores.judge[:, place], scores.human[:, place]) for place in range(2)]
    shares = np.divide(spearman, values(raters, "perfect_judge"))
    assert values(judge, "share_of_perfect_judge") == pytest.approx(shares)
    for cells in (*raters.values(), *judge.values()):
        assert cells["mean"]["value"] == pytest.approx(np.mean([cells[name]["value"] for name in NAMES]))
    rows = [int((np.count_nonzero(~np.isnan(panel.scores), axis=1) >= 2).sum()) for panel in own]
    assert [raters["one_rater"][name]["n"] for name in NAMES] == rows == [
        each["rows"] for each in found["panel"].values()
    ]  # fmt: skip
    assert raters["one_rater"]["mean"]["n"] == min(rows) < 120


def test_a_judge_that_knows_the_truth_reaches_the_ceiling_and_one_like_a_rater_is_one() -> None:
    scores, truth = rated(3, 250, 2, 3, levels=None)
    found = ceiling({"perfect": replace(scores, judge=truth), "rater": scores}, resamples=100)
    perfect, rater = (found["judges"][name] for name in ("perfect", "rater"))
    for name in NAMES:
        assert perfect["share_of_perfect_judge"][name]["value"] == pytest.approx(1, abs=0.03)
        assert perfect["minus_one_rater"][name]["low"] > 0.1
        assert rater["share_of_one_rater"][name]["value"] == pytest.approx(1, abs=0.05)
        assert rater["minus_one_rater"][name]["low"] < 0 < rater["minus_one_rater"][name]["high"]
        assert rater["share_of_perfect_judge"][name]["high"] < 0.9


def test_ranks_of_noiseless_ratings_are_what_the_share_of_a_perfect_judge_estimates() -> None:
    """Spearman's correction: agreement with three noisy raters, over the ceiling, is agreement with the truth."""
    scores, truth = rated(4, 250, 2, 3, levels=None)
    share = ceiling({"judge": scores}, resamples=6)["judges"]["judge"]["share_of_perfect_judge"]
    for place, name in enumerate(NAMES):
        known = stats.spearmanr(scores.judge[:, place], truth[:, place]).statistic
        assert share[name]["value"] == pytest.approx(known, abs=0.04)


def test_intervals_narrow_with_the_number_of_documents() -> None:
    few, many = (ceiling({"judge": rated(5, size, 2, 3)[0]}, resamples=200) for size in (30, 480))
    for part in (
        lambda found: found["raters"]["perfect_judge"],
        lambda found: found["judges"]["judge"]["against_others"],
    ):
        widths = [part(found)["fluency"]["high"] - part(found)["fluency"]["low"] for found in (few, many)]
        assert 2.5 < widths[0] / widths[1] < 7  # a quarter, but for chance


def test_unscored_rows_are_left_out_of_both_sides_of_a_share() -> None:
    scores, _ = rated(6, 40, 3, 3, unscored=0.3)
    found = ceiling({"judge": scores}, resamples=20)
    kept = scores.rows(scores.scored[:, 0]).columns(NAMES[:1])
    alone = ceiling({"judge": kept}, resamples=20)
    for measure in JUDGE:
        mine, theirs = (each["judges"]["judge"][measure]["fluency"] for each in (found, alone))
        assert mine["value"] == pytest.approx(theirs["value"])
        assert mine["n"] == theirs["n"] == len(kept) < 120
    assert found["raters"]["one_rater"]["fluency"]["n"] == 120


def test_without_raters_the_ceiling_is_unknown_but_ties_are_not() -> None:
    scores = judged(1, 20, 4)
    found = ceiling({"judge": scores})
    assert list(found) == ["known", "ties"]
    assert not found["known"]
    assert 0.9 < found["ties"]["spearman"]["fluency"] < 1
    single = replace(scores, raters=scores.human[:, :, None])  # one rater a row says as little
    assert ceiling({"judge": single}) == found


def test_a_criterion_without_raters_is_named_and_left_out_of_the_mean() -> None:
    scores, _ = rated(7, 20, 3, 3)
    assert scores.raters is not None
    raters = scores.raters.copy()
    raters[:, 1] = np.nan
    found = ceiling({"judge": replace(scores, raters=raters)}, resamples=20)
    assert found["unknown"] == ["relevance"]
    assert list(found["panel"]) == ["fluency"]
    for cells in (*found["raters"].values(), *found["judges"]["judge"].values()):
        assert list(cells) == ["mean", "fluency"]
        assert cells["mean"]["value"] == cells["fluency"]["value"]
    assert set(found["ties"]["spearman"]) == {"mean", *NAMES}


def test_raters_who_agree_on_nothing_are_no_ceiling() -> None:
    random = np.random.default_rng(0)
    half = random.permutation(np.repeat([1.0, 5.0], 20))
    raters = np.stack([half, 6 - half], axis=1)[:, None]
    scores = Scores(rated()[0].criteria[:1], np.full((40, 1), 3.0), half[:, None], raters=raters)
    found = ceiling({"judge": scores}, resamples=20)
    assert found["raters"]["split_half"]["fluency"]["value"] == pytest.approx(-1)
    assert found["raters"]["perfect_judge"]["fluency"]["value"] == 0
    assert found["judges"]["judge"]["share_of_perfect_judge"]["fluency"]["value"] is None
    assert found["judges"]["judge"]["share_of_one_rater"]["fluency"]["value"] is None


def test_raters_who_agree_on_everything_are_no_evidence_of_certainty() -> None:
    human = np.random.default_rng(0).integers(1, 6, (40, 1)).astype(float)
    scores = Scores(rated()[0].criteria[:1], human, human, raters=np.repeat(human[:, :, None], 3, axis=2))
    found = ceiling({"judge": scores}, resamples=20)["raters"]
    for measure in RATERS:
        cell = found[measure]["fluency"]
        assert (cell["value"], cell["low"], cell["high"]) == (pytest.approx(1), None, None)


def test_few_documents_have_values_and_no_interval_or_that_of_the_jackknife() -> None:
    for documents, known in ((4, False), (12, True)):
        found = ceiling({"judge": rated(8, documents, 5, 3)[0]})
        for cells in (*found["raters"].values(), *found["judges"]["judge"].values()):
            assert cells["fluency"]["value"] is not None
            assert (cells["fluency"]["low"] is not None) == known
        assert (found["raters"]["perfect_judge"]["fluency"]["low"] or 0) >= 0


def test_thousands_of_rows_without_documents_are_merged_and_give_about_the_same() -> None:
    scores, _ = rated(9, 600, 1, 3)
    assert scores.documents is None
    found = ceiling({"judge": scores}, resamples=200)["raters"]["one_rater"]["fluency"]
    assert found["n"] == 600
    error = (1 - found["value"] ** 2) / np.sqrt(600)  # of one correlation; three of the same rows are a little better
    assert 0.6 < (found["high"] - found["low"]) / (2 * 1.96 * error) < 1.3


def test_it_repeats_with_its_seed() -> None:
    scores, _ = rated(10, 40, 3, 8)
    assert ceiling({"judge": scores}, seed=1, resamples=20) == ceiling({"judge": scores}, seed=1, resamples=20)
    assert ceiling({"judge": scores}, seed=1, resamples=20) != ceiling({"judge": scores}, seed=2, resamples=20)
