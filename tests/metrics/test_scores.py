"""Scores: lists become arrays, unscored stays unscored, rows that do not fit together are refused."""

import numpy as np
import pytest

from metrics.scores import Scores, both_scored, clusters
from signatures.records import Judgement
from tests.metrics.rated import criteria, judged, scores


def test_none_and_absent_scores_are_unscored_and_counted() -> None:
    judgements = [Judgement("1", {"fluency": 4, "relevance": None}), Judgement("2", {"fluency": 2.5})]
    human = [{"fluency": 4.0, "relevance": 1.0}, {"fluency": 3.3, "relevance": 5.0}]
    made = Scores.of(criteria(), human, judgements, ["a", "b"])
    assert made.coverage() == {
        "fluency": {"rows": 2, "scored": 2, "unscored": 0},
        "relevance": {"rows": 2, "scored": 0, "unscored": 2},
    }
    np.testing.assert_array_equal(made.judge, [[4, np.nan], [2.5, np.nan]])


def test_rows_without_a_document_are_documents_of_their_own() -> None:
    judgements = [Judgement(str(row), {"fluency": 1, "relevance": 1}) for row in range(4)]
    human = [{"fluency": 1.0, "relevance": 2.0}] * 4
    codes, total = clusters(Scores.of(criteria(), human, judgements, ["x", None, "x", None]))
    assert (codes[0] == codes[2], total) == (True, 3)
    assert Scores.of(criteria(), human, judgements, [None] * 4).documents is None
    assert clusters(Scores.of(criteria(), human, judgements))[1] == 4


def test_no_rows_at_all_are_fine() -> None:
    assert len(Scores.of(criteria(), [], [])) == 0


def test_misfits_are_refused_with_a_line_that_names_them() -> None:
    with pytest.raises(ValueError, match="1 human rows but 0 judgements"):
        Scores.of(criteria(), [{"fluency": 1.0, "relevance": 1.0}], [])
    with pytest.raises(ValueError, match="row 1 has no human rating of 'fluency'"):
        scores([1, 2], [1, np.nan])
    with pytest.raises(ValueError, match="infinite"):
        scores([1, np.inf], [1, 2])
    with pytest.raises(ValueError, match="2 rows but 3 document codes"):
        scores([1, 2], [1, 2], documents=[0, 0, 1])
    with pytest.raises(ValueError, match="do not fit together"):
        Scores(criteria(), np.zeros((3, 2)), np.zeros((3, 1)))


def test_rows_and_columns_keep_their_documents() -> None:
    made = judged(0, 3, 4)
    half = made.rows([8, 0, 0])
    np.testing.assert_array_equal(half.human, made.human[[8, 0, 0]])
    assert half.documents is not None
    assert half.documents.tolist() == [2, 0, 0]
    assert made.columns(["relevance"]).names == ("relevance",)
    assert len(made.rows([])) == 0
    assert len(made.rows(made.human[:, 0] > 99)) == 0


def test_only_pairs_scored_by_both_remain_in_a_paired_comparison() -> None:
    before, after = both_scored(scores([1, np.nan, 3], [1, 2, 3]), scores([2, 2, np.nan], [1, 2, 3]))
    np.testing.assert_array_equal(before.judge.ravel(), [1, np.nan, np.nan])
    np.testing.assert_array_equal(after.judge.ravel(), [2, np.nan, np.nan])


def test_judges_of_other_rows_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="human ratings"):
        both_scored(scores([1, 2], [1, 2]), scores([1, 2], [1, 3]))
    with pytest.raises(ValueError, match="criteria or rows"):
        both_scored(scores([1, 2], [1, 2]), scores([1], [1]))
