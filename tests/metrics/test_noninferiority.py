"""Verdicts on two judges: planted differences get the word they deserve, and p-values are those of textbook tests."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from metrics.detectable import detectable
from metrics.estimates import pooled_difference
from metrics.metric import METRICS
from metrics.multiplicity import holm
from metrics.noninferiority import Comparison, compare, judge_all, verdict
from metrics.scores import Scores, Values
from metrics.spread import spread, widest
from metrics.summary import difference
from signatures.records import Criterion
from tests.metrics.rated import criteria, judged

MAE, SPEARMAN = METRICS["mae"], METRICS["spearman"]


def errors(before: Values, after: Values, documents: Values | None = None) -> tuple[Scores, Scores]:
    """Two judges whose absolute errors are these; raters say 0 on a scale to 10."""
    human = np.zeros((len(before), 1))
    own = (Criterion("a", 0, 10),)
    reference, candidate = (Scores(own, human, each[:, None], documents) for each in (before, after))
    return reference, candidate


def compared(reference: Scores, candidate: Scores, margin: float, metric: str = "mae") -> dict[str, Comparison]:
    change = pooled_difference(reference, candidate, [METRICS[metric]])
    found = compare(change, METRICS[metric], reference.names, margin)
    return judge_all([found], METRICS[metric], margin)[0]


@pytest.mark.parametrize("rows, tolerance", [(20, 1e-9), (400, 0.15)])
def test_without_documents_both_p_values_are_the_paired_t_tests(rows: int, tolerance: float) -> None:
    random = np.random.default_rng(rows)
    before = random.uniform(1, 2, rows)
    after = before + random.normal(0.03, 0.3, rows).clip(-0.9, 3)
    cell = compared(*errors(before, after), margin=0.1)["a"]
    gains = before - after  # of agreement: errors that went away
    assert cell["p"] == pytest.approx(ttest_1samp(gains, 0).pvalue, rel=tolerance)
    wanted = ttest_1samp(gains, -0.1, alternative="greater").pvalue
    assert cell["p_not_worse"] == pytest.approx(wanted, rel=tolerance * 3)


def test_values_and_intervals_are_those_of_every_other_table() -> None:
    before, after = judged(1, 40, 3, noise=1.0, unscored=0.1), judged(1, 40, 3, noise=1.5, unscored=0.1)
    found = compared(before, after, 0.02, "spearman")
    other = difference(before, after)["pooled"]["spearman"]
    assert list(found) == list(other) == ["mean", "fluency", "relevance"]
    for name, cell in other.items():
        assert {key: found[name][key] for key in cell} == cell
        assert found[name]["detectable"] == detectable(cell)


def shifted(gain: float, noise: float, rows: int = 60) -> tuple[Scores, Scores]:
    """The candidate errs by `gain` less on the mean, exactly; `noise` is the spread of the changes."""
    before = np.full(rows, 3.0)
    wobble = noise * np.resize([-1.0, 1.0], rows)
    return errors(before, before - gain + wobble)


PLANTED = {
    "better": (0.5, 0.5, 0.1),
    "worse": (-0.5, 0.5, 0.1),
    "worse, within the margin": (-0.05, 0.05, 0.2),
    "not worse": (0.0, 0.2, 0.1),
    "not distinguishable": (0.05, 1.0, 0.1),
    "no difference here": (0.0, 0.0, 0.1),
}


@pytest.mark.parametrize("word", PLANTED)
def test_a_planted_difference_gets_its_verdict(word: str) -> None:
    gain, noise, margin = PLANTED[word]
    cell = compared(*shifted(gain, noise), margin=margin)["a"]
    assert cell["value"] == pytest.approx(-gain)  # errors: lower is better
    assert cell["verdict"] == word


def test_a_coefficient_points_the_other_way() -> None:
    good, bad = judged(2, 60, 3, noise=0.3), judged(2, 60, 3, noise=3.0)
    assert compared(bad, good, 0.02, "spearman")["mean"]["verdict"] == "better"
    assert compared(good, bad, 0.02, "spearman")["mean"]["verdict"] == "worse"
    assert compared(bad, good, 0.02, "mae")["mean"]["verdict"] == "better"


def test_a_wider_margin_excludes_what_a_narrow_one_cannot() -> None:
    pair = shifted(0.0, 0.4)
    assert [compared(*pair, margin=margin)["a"]["verdict"] for margin in (0, 0.05, 0.2)] == [
        "not distinguishable",
        "not distinguishable",
        "not worse",
    ]


def test_too_few_documents_and_constant_judges_get_no_verdict() -> None:
    random = np.random.default_rng(0)
    few = errors(random.uniform(1, 2, 20), random.uniform(1, 2, 20), np.arange(20) % 4)
    assert compared(*few, margin=0.1)["a"]["verdict"] == "no interval"
    assert compared(*few, margin=0.1)["a"]["p_holm"] is None
    drawn = judged(3, 40, 2)
    flat = Scores(drawn.criteria, drawn.human, np.full_like(drawn.human, 3.0), drawn.documents)
    assert {cell["verdict"] for cell in compared(drawn, flat, 0.02, "spearman").values()} == {"undefined"}


def test_a_difference_that_holm_takes_for_chance_is_no_verdict() -> None:
    """One of forty criteria is better at p = .01: alone it counts, among the others it does not."""
    random, rows = np.random.default_rng(5), 60
    before = np.full((rows, 40), 3.0)
    change = random.normal(0, 1, (rows, 40)).clip(-3, 6)
    change -= change.mean(axis=0)
    wanted = 2.66 * change[:, 0].std(ddof=1) / np.sqrt(rows)  # t(59): p = .01
    change[:, 0] += wanted
    names = tuple(f"c{place}" for place in range(40))
    own = criteria(names, 0, 10)
    reference, candidate = (Scores(own, np.zeros((rows, 40)), each) for each in (before, before - change))
    among = compared(reference, candidate, 0)["c0"]
    alone = compared(reference.columns(names[:1]), candidate.columns(names[:1]), 0)["c0"]
    assert among["p"] == alone["p"] == pytest.approx(0.01, rel=0.3)
    assert (alone["verdict"], among["verdict"]) == ("better", "not distinguishable")
    assert among["high"] < 0


def test_means_are_a_family_of_their_own_and_all_pairs_count() -> None:
    drawn = judged(6, 40, 3)
    others = [judged(6, 40, 3, noise=noise) for noise in (0.9, 1.1, 1.2)]
    change = [pooled_difference(drawn, other, [SPEARMAN]) for other in others]
    found = [compare(each, SPEARMAN, drawn.names, 0.02) for each in change]
    judged_pairs = judge_all(found, SPEARMAN, 0.02)
    for key in ("p", "p_not_worse"):
        assert [pair["mean"][f"{key}_holm"] for pair in judged_pairs] == holm([pair["mean"][key] for pair in found])
        own = [pair[name][key] for pair in found for name in drawn.names]
        assert [pair[name][f"{key}_holm"] for pair in judged_pairs for name in drawn.names] == holm(own)
    assert "verdict" not in found[0]["mean"]


def test_holm_is_the_closure_of_bonferronis_tests() -> None:
    """By definition: a hypothesis falls when every set of hypotheses that holds it falls, by Bonferroni."""
    random = np.random.default_rng(7)
    for size in range(1, 7):
        ps = [float(p) for p in random.uniform(0, 0.3, size)]
        sets = [chosen for count in range(1, size + 1) for chosen in combinations(range(size), count)]
        closed = [
            max(min(1.0, len(chosen) * min(ps[each] for each in chosen)) for chosen in sets if place in chosen)
            for place in range(size)
        ]
        assert holm(ps) == pytest.approx(closed)


def test_a_verdict_never_speaks_against_its_interval() -> None:
    cell: Comparison = {"value": 0.1, "low": -0.01, "high": 0.2, "p_holm": 0.01, "p_not_worse_holm": 0.001}
    assert verdict(cell, SPEARMAN, 0.005) == "not distinguishable"
    assert verdict(cell, SPEARMAN, 0.02) == "not worse"
    assert verdict({**cell, "low": 0.01}, SPEARMAN, 0.02) == "better"


def test_the_spread_is_the_range_of_the_judges_in_shares_of_each_scale() -> None:
    random = np.random.default_rng(8)
    own = (Criterion("a", 1, 5), Criterion("b", 0, 3))
    human = np.column_stack([random.integers(1, 6, 30), random.integers(0, 4, 30)]).astype(float)
    judges = []
    for _ in range(3):
        judge = np.column_stack([random.integers(1, 6, 30), random.integers(0, 4, 30)]).astype(float)
        judge[random.random(judge.shape) < 0.4] = np.nan
        judges.append(Scores(own, human, judge))
    naive = []
    for row in range(30):
        parts = []
        for column, width in enumerate((4, 3)):
            known = [each.judge[row, column] for each in judges if not np.isnan(each.judge[row, column])]
            if len(known) > 1:
                parts.append((max(known) - min(known)) / width)
        naive.append(sum(parts) / len(parts) if parts else np.nan)
    np.testing.assert_allclose(spread(judges), naive)
    assert np.isnan(naive).any()
    found = widest(judges, 5)
    known = sorted((value for value in naive if value > 0), reverse=True)
    assert [value for _, value in found] == pytest.approx(known[:5])
    assert all(naive[row] == pytest.approx(value) for row, value in found)
    assert widest([judges[0], judges[0]], 5) == []
