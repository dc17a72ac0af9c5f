"""Errors of a difference under a hypothesis: those of the definition, smaller where one outlier makes both, and plain
ones for all but coefficients of few documents."""

import numpy as np
import pytest
from scipy import stats

from metrics.estimates import by_document_difference, pooled_difference
from metrics.metric import METRICS, Metric, mae, qwk, spearman
from metrics.multiplicity import standard_errors
from metrics.noninferiority import compare
from metrics.null_errors import null_errors
from metrics.scores import Scores, Values
from tests.metrics.rated import NAMES, judged

OPTIONS = {"seed": 0, "resamples": 100}
DOCUMENTS = 12


def without(scores: Scores, document: int) -> Scores:
    assert scores.documents is not None
    return scores.rows(scores.documents != document)


def values(scores: Scores, metric: Metric) -> list[float]:
    """By criterion, and their mean."""
    found = [metric(scores.judge[:, column], scores.human[:, column]) or np.nan for column in range(len(NAMES))]
    return [*found, float(np.mean(found))]


def by_definition(before: Scores, after: Scores, metric: Metric, true: float) -> Values:
    """The jackknife of the differences, each side's rescaled to its value under the hypothesis."""
    earlier, later = (np.array(values(each, metric)) for each in (before, after))
    middle, moved = (earlier + later) / 2, []
    for document in range(DOCUMENTS):
        one, other = (np.array(values(without(each, document), metric)) for each in (before, after))
        lower = (one - earlier) * (1 - (middle - true / 2) ** 2) / (1 - earlier**2)
        moved.append((other - later) * (1 - (middle + true / 2) ** 2) / (1 - later**2) - lower)
    found: Values = np.sqrt((DOCUMENTS - 2) / DOCUMENTS * ((moved - np.mean(moved, axis=0)) ** 2).sum(axis=0))
    return found


@pytest.mark.parametrize("metric", [spearman, qwk])
@pytest.mark.parametrize("true", [0.0, -0.1, 0.2])
def test_errors_are_the_jackknifes_at_the_values_of_the_hypothesis(metric: Metric, true: float) -> None:
    before, after = judged(1, DOCUMENTS, 6), judged(1, DOCUMENTS, 6, noise=2.0)
    errors, clusters = null_errors(pooled_difference(before, after, [metric]), metric, [true], **OPTIONS)
    np.testing.assert_allclose(errors[0], by_definition(before, after, metric, true))
    np.testing.assert_array_equal(clusters, DOCUMENTS - 1)  # Student's t has one degree of freedom fewer


def test_both_p_values_of_a_coefficient_rest_on_them() -> None:
    before, after = judged(5, DOCUMENTS, 6, noise=1.5), judged(5, DOCUMENTS, 6)
    cell = compare(pooled_difference(before, after, [spearman]), spearman, NAMES, 0.1)["mean"]
    equal, worse = (by_definition(before, after, spearman, true)[-1] for true in (0.0, -0.1))
    assert cell["p"] == pytest.approx(2 * stats.t.sf(abs(cell["value"]) / equal, DOCUMENTS - 2))
    assert cell["p_not_worse"] == pytest.approx(stats.t.sf((cell["value"] + 0.1) / worse, DOCUMENTS - 2))


def test_a_document_that_spoils_one_judge_widens_the_error_less_than_it_does_as_it_is() -> None:
    before = judged(2, DOCUMENTS, 6, noise=0.2)
    assert before.documents is not None
    spoiled = before.documents == 0
    after = before.with_judge(np.where(spoiled[:, None], 6 - before.judge, before.judge))
    change = pooled_difference(before, after, [spearman])
    errors, _ = null_errors(change, spearman, [0.0], **OPTIONS)
    assert (errors < 0.9 * standard_errors(change, **OPTIONS)).all()


def test_all_but_coefficients_of_few_documents_keep_their_errors() -> None:
    few, many = ((judged(3, size, 4), judged(3, size, 4, noise=2.0)) for size in (12, 100))
    kept = [(pooled_difference(*few, [metric]), metric) for metric in (mae, METRICS["accuracy"])]
    kept += [(by_document_difference(*few, [spearman]), spearman), (pooled_difference(*many, [spearman]), spearman)]
    for change, metric in kept:
        errors, clusters = null_errors(change, metric, [-0.1], **OPTIONS)
        np.testing.assert_array_equal(errors, standard_errors(change, **OPTIONS))
        np.testing.assert_array_equal(clusters, change.support)


def test_equal_judges_do_not_vary_a_perfect_one_has_an_error_and_five_documents_say_nothing() -> None:
    drawn, few = judged(4, DOCUMENTS, 6), judged(4, 5, 6)
    perfect = drawn.with_judge(drawn.human)
    found = [
        null_errors(pooled_difference(*pair, [spearman]), spearman, [0.0], **OPTIONS)[0]
        for pair in ((drawn, drawn), (perfect, drawn), (few, few))
    ]
    assert (found[0] == 0).all()
    assert (found[1] > 0).all()
    assert np.isnan(found[2]).all()
