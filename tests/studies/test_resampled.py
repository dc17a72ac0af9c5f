"""Arms that kept the same judges are resampled once, and nothing else is taken for the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from metrics.metric import METRICS
from metrics.over_runs import OverRuns, difference_over_runs, values_over_runs
from metrics.scores import Scores
from programs.studies import resampled
from signatures.records import Criterion


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was resampled, in order."""
    counted: list[str] = []
    for name in ("values_over_runs", "difference_over_runs"):
        monkeypatch.setattr(resampled, name, _counting(name, counted))
    _forget()
    yield counted
    _forget()


def _forget() -> None:
    resampled._values.cache_clear()
    resampled._difference.cache_clear()


def _counting(name: str, counted: list[str]) -> Callable[[object, object], OverRuns]:
    def found(runs: object, metrics: object) -> OverRuns:
        counted.append(name)
        return OverRuns({}, [{"spearman": {"mean": float(len(counted))}}])

    return found


def scores(judge: list[float], documents: list[int] | None = None) -> Scores:
    human = np.array([[0.0], [1.0], [2.0], [3.0]])
    codes = None if documents is None else np.array(documents, dtype=np.intp)
    return Scores((Criterion("joy", 0, 3),), human, np.array(judge).reshape(4, 1), codes)


A, B = [0.0, 1.0, 2.0, 3.0], [0.0, 2.0, 1.0, 3.0]


def test_equal_scores_are_resampled_once(asked: list[str]) -> None:
    first, again = resampled.values([scores(A)]), resampled.values([scores(list(A))])
    assert first is again and asked == ["values_over_runs"]
    resampled.difference([(scores(A), scores(B))])
    resampled.difference([(scores(A), scores(B))])
    assert asked == ["values_over_runs", "difference_over_runs"]


@pytest.mark.parametrize(
    "other",
    [
        [scores(B)],
        [scores(A), scores(A)],
        [scores([0.0, 1.0, 2.0, np.nan])],
        [scores(A, [0, 0, 1, 1])],
        [replace(scores(A), criteria=(Criterion("joy", 0, 4),))],
        [replace(scores(A), human=scores(A).human[::-1].copy())],
    ],
    ids=["other scores", "more runs", "a gap", "other documents", "another scale", "other ratings"],
)
def test_what_differs_is_resampled(asked: list[str], other: list[Scores]) -> None:
    assert resampled.values([scores(A)]) is not resampled.values(other)
    assert len(asked) == 2


def test_a_difference_has_a_direction(asked: list[str]) -> None:
    up, down = (resampled.difference([pair]) for pair in ((scores(A), scores(B)), (scores(B), scores(A))))
    assert up is not down and len(asked) == 2


def test_the_numbers_are_those_of_the_metrics() -> None:
    metrics = [METRICS[name] for name in resampled.SHOWN]
    assert resampled.values([scores(B)]) == values_over_runs([scores(B)], metrics)
    pairs = [(scores(A), scores(B))]
    assert resampled.difference(pairs) == difference_over_runs(pairs, metrics)
