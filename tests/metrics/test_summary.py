"""The tables of summary.json: their shape, what is counted, and what is left undefined."""

import json

import numpy as np
import pytest
from scipy import stats

from metrics.metric import METRICS
from metrics.scores import Scores
from metrics.summary import difference, summarize
from tests.metrics.rated import NAMES, criteria, judged, scores

CELL = ["value", "low", "high", "n", "undefined"]


def with_judge(drawn: Scores, judge: np.ndarray) -> Scores:
    return Scores(drawn.criteria, drawn.human, judge, drawn.documents)


@pytest.mark.parametrize("documents, rows, unscored", [(8, 5, 0.1), (40, 5, 0.1), (40, 1, 0.0), (3, 4, 1.0)])
def test_every_table_has_the_published_shape_and_is_plain_json(documents: int, rows: int, unscored: float) -> None:
    before = judged(1, documents, rows, unscored=unscored)
    after = judged(1, documents, rows, noise=2.0, unscored=unscored)
    for table in (summarize(before, resamples=50), difference(before, after, resamples=50)):
        assert json.loads(json.dumps(table, allow_nan=False)) == table
        for view in ("pooled", "by_document"):
            assert list(table[view]) == list(METRICS)
            for cells in table[view].values():
                assert list(cells) == ["mean", *NAMES]
                assert all(list(cell) == CELL for cell in cells.values())
        assert list(table["coverage"]) == list(NAMES)
    assert set(difference(before, after, resamples=50)["worst_case"]) == set(METRICS)


def test_values_are_the_metrics_of_the_scored_rows_and_lie_in_their_intervals() -> None:
    drawn = judged(2, 40, 6, unscored=0.1)
    table = summarize(drawn, resamples=300)
    for name, metric in METRICS.items():
        for column, criterion in enumerate(NAMES):
            cell = table["pooled"][name][criterion]
            assert cell["value"] == pytest.approx(metric(drawn.judge[:, column], drawn.human[:, column]))
            assert cell["low"] < cell["value"] < cell["high"]
            assert cell["n"] == drawn.coverage()[criterion]["scored"] < 240
            assert cell["undefined"] == 0
        mean = table["pooled"][name]["mean"]
        values = [table["pooled"][name][criterion]["value"] for criterion in NAMES]
        assert mean["value"] == pytest.approx(np.mean(values))
        assert mean["low"] < mean["value"] < mean["high"]


def test_the_interval_of_a_mean_is_narrower_than_the_mean_of_intervals() -> None:
    table = summarize(judged(3, 50, 6), resamples=500)["pooled"]["mae"]
    width = {name: cell["high"] - cell["low"] for name, cell in table.items()}
    assert width["mean"] < 0.85 * (width["fluency"] + width["relevance"]) / 2


def test_by_document_is_the_mean_of_scipys_value_over_documents_that_have_one() -> None:
    drawn = judged(4, 40, 4, unscored=0.3)
    assert drawn.documents is not None
    values = []
    for document in range(40):
        rows = drawn.rows(drawn.documents == document)
        judge, human = rows.judge[rows.scored[:, 0], 0], rows.human[rows.scored[:, 0], 0]
        if len(set(judge)) > 1 and len(set(human)) > 1:
            values.append(stats.spearmanr(judge, human).statistic)
    cell = summarize(drawn, resamples=50)["by_document"]["spearman"]["fluency"]
    assert 0 < len(values) < 40
    assert cell["value"] == pytest.approx(np.mean(values))
    assert (cell["n"], cell["undefined"]) == (len(values), 40 - len(values))


def test_by_document_in_small_batches_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = judged(5, 30, 5)
    drawn = with_judge(drawn, drawn.judge + np.random.default_rng(0).normal(0, 0.1, drawn.judge.shape))
    whole = summarize(drawn, resamples=40)
    monkeypatch.setattr("metrics.documents.BATCH_NUMBERS", 200)
    for name, cells in summarize(drawn, resamples=40)["by_document"].items():
        for criterion, cell in cells.items():
            assert cell["value"] == pytest.approx(whole["by_document"][name][criterion]["value"])


def test_pooled_and_by_document_may_differ_in_sign() -> None:
    """Within each document the judge is backwards; across documents it knows the good from the bad."""
    human = [d + step for d in (1.0, 2.0, 3.0) for step in (0.0, 0.5, 1.0)]
    judge = [d + step for d in (1.0, 2.0, 3.0) for step in (1.0, 0.5, 0.0)]
    table = summarize(scores(judge, human, np.repeat([0, 1, 2], 3)))
    assert table["pooled"]["spearman"]["fluency"]["value"] > 0.5
    assert table["by_document"]["spearman"]["fluency"]["value"] == -1


def test_without_documents_by_document_is_empty_not_zero() -> None:
    for cells in summarize(judged(6, 40, 1), resamples=20)["by_document"].values():
        assert all(cell == dict.fromkeys(CELL[:3]) | {"n": 0, "undefined": 0} for cell in cells.values())


def test_documents_of_one_row_have_an_error_but_no_correlation() -> None:
    drawn = judged(7, 40, 1)
    table = summarize(Scores(drawn.criteria, drawn.human, drawn.judge, np.arange(40)), resamples=20)
    for name in ("spearman", "kendall", "qwk", "krippendorff"):
        cell = table["by_document"][name]["fluency"]
        assert (cell["value"], cell["n"], cell["undefined"]) == (None, 0, 40)
    assert table["by_document"]["mae"]["fluency"]["value"] == pytest.approx(table["pooled"]["mae"]["fluency"]["value"])


def test_an_undefined_criterion_makes_the_mean_undefined_and_leaves_the_other_alone() -> None:
    drawn = judged(8, 40, 4)
    constant = drawn.judge.copy()
    constant[:, 1] = 3
    table = summarize(with_judge(drawn, constant), resamples=50)
    for view in ("pooled", "by_document"):
        cells = table[view]["spearman"]
        assert cells["fluency"]["value"] is not None
        assert cells["relevance"]["value"] is cells["mean"]["value"] is cells["mean"]["low"] is None
    assert table["by_document"]["spearman"]["relevance"]["undefined"] == 40
    assert table["pooled"]["mae"]["mean"]["value"] is not None


def test_an_always_zero_judge_has_a_good_error_and_no_correlation() -> None:
    human = np.zeros((200, 1))
    human[:24] = 2
    table = summarize(Scores(criteria(("anger",), 0, 3), human, np.zeros((200, 1))), resamples=50)["pooled"]
    assert table["mae"]["anger"]["value"] == pytest.approx(0.24)
    assert table["spearman"]["anger"]["value"] is table["spearman"]["mean"]["value"] is None
    assert table["qwk"]["anger"]["value"] == 0


def test_nothing_scored_is_undefined_everywhere() -> None:
    drawn = judged(9, 10, 4, unscored=1.0)
    table = summarize(drawn, resamples=20)
    cells = [cell for view in ("pooled", "by_document") for each in table[view].values() for cell in each.values()]
    assert {cell["value"] for cell in cells} == {None}
    assert {cell["n"] for cell in cells} == {0}
    assert table["coverage"]["fluency"] == {"rows": 40, "scored": 0, "unscored": 40}


def test_a_difference_uses_only_rows_that_both_scored() -> None:
    before, after = judged(10, 40, 6, noise=2.0, unscored=0.2), judged(10, 40, 6, unscored=0.1)
    table = difference(before, after, resamples=100)
    both = before.scored[:, 0] & after.scored[:, 0]
    assert table["coverage"]["fluency"] == {"rows": 240, "scored": both.sum(), "unscored": 240 - both.sum()}
    for name, metric in METRICS.items():
        later, earlier = (metric(side.judge[both, 0], side.human[both, 0]) for side in (after, before))
        cell, bounds = table["pooled"][name]["fluency"], table["worst_case"][name]["fluency"]
        assert later is not None
        assert earlier is not None
        assert cell["value"] == pytest.approx(later - earlier)
        assert cell["n"] == both.sum()
        assert bounds["low"] < cell["value"] < bounds["high"]


def test_a_difference_by_document_counts_documents_that_both_judges_rank() -> None:
    before = scores([1, 2, 3, 1, 1, 1, 1, 2, 3], [1, 2, 3] * 3, np.repeat([0, 1, 2], 3))
    after = scores([3, 2, 1, 1, 2, 3, 1, 2, 3], [1, 2, 3] * 3, np.repeat([0, 1, 2], 3))
    cell = difference(before, after)["by_document"]["spearman"]["fluency"]
    assert (cell["value"], cell["n"], cell["undefined"]) == (-1, 2, 1)


def test_a_judge_does_not_differ_from_itself() -> None:
    drawn = judged(11, 35, 4, unscored=0.1)
    table = difference(drawn, drawn, resamples=50)
    for view in ("pooled", "by_document"):
        for cells in table[view].values():
            assert all((cell["value"], cell["low"], cell["high"]) == (0, 0, 0) for cell in cells.values())


def test_summaries_repeat_with_their_seed() -> None:
    drawn = judged(12, 110, 2)
    assert summarize(drawn, seed=3, resamples=50) == summarize(drawn, seed=3, resamples=50)
    assert summarize(drawn, seed=3, resamples=50) != summarize(drawn, seed=4, resamples=50)
