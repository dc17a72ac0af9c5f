"""The best constant is found by trying all, and held against the judge on the rows that it scored."""

import json
from pathlib import Path

import numpy as np
import pytest

from metrics.constants import against_constants, best_level
from metrics.metric import METRICS, mae, spearman
from metrics.scores import Scores
from tests.metrics.rated import criteria, judged

BRIGHTER = ("anger", "fear", "joy", "sadness", "surprise")


@pytest.mark.parametrize("name", ["mae", "accuracy", "off_by_one"])
def test_the_level_and_both_values_are_those_of_a_loop(name: str) -> None:
    scores, others = judged(1, 40, 3, unscored=0.1), judged(2, 50, 3).human
    sign = METRICS[name].orientation
    found = against_constants(scores, [name], others, resamples=200)[name]

    def value(judge: np.ndarray, human: np.ndarray) -> float:
        gaps = np.abs(judge - human)
        nearest = [np.floor(side + 0.5) for side in (judge, human)]
        return float({"mae": gaps, "off_by_one": gaps <= 1 + 1e-9, "accuracy": nearest[0] == nearest[1]}[name].mean())

    for column, criterion in enumerate(scores.names):
        each = found[criterion]
        by_level = {level: sign * value(np.full(150, level), others[:, column]) for level in range(1, 6)}
        assert each["level"] == max(by_level, key=lambda level: by_level[level])
        scored = scores.scored[:, column]
        judge, human = scores.judge[scored, column], scores.human[scored, column]
        assert each["judge"] == pytest.approx(value(judge, human))
        assert each["constant"] == pytest.approx(value(np.full(len(human), each["level"]), human))
        assert each["difference"]["value"] == pytest.approx(each["judge"] - each["constant"])
        assert each["difference"]["low"] < each["difference"]["value"] < each["difference"]["high"]
        assert each["difference"]["n"] == scored.sum()
        assert each["beaten"] == (sign * each["judge"] < sign * each["constant"])
    mean = found["mean"]
    assert mean["level"] is None
    assert mean["constant"] == pytest.approx(np.mean([found[each]["constant"] for each in scores.names]))


def test_without_other_ratings_the_level_is_chosen_on_the_same_rows() -> None:
    human = np.array([[1.0]] * 6 + [[4.0]] * 4)
    scores = Scores(criteria(("a",)), human, human + 0.0)
    assert against_constants(scores, ["mae"])["mae"]["a"]["level"] == 1
    assert against_constants(scores, ["mae"], np.full((3, 1), 5.0))["mae"]["a"]["level"] == 5
    assert against_constants(scores, ["mae"], np.empty((0, 1)))["mae"]["a"]["level"] == 1


def test_metrics_of_which_no_constant_has_a_value_are_left_out() -> None:
    scores = judged(3, 10, 3)
    assert list(against_constants(scores, ["spearman", "kendall", "mae", "pairwise"])) == ["mae", "pairwise"]
    assert best_level(spearman, (1, 2, 3), scores.human[:, 0]) is None


def test_nothing_scored_is_undefined_not_beaten() -> None:
    found = against_constants(judged(4, 10, 3, unscored=1.0), ["mae"])["mae"]["fluency"]
    assert (found["judge"], found["constant"], found["beaten"], found["difference"]["value"]) == (None,) * 4


def test_on_brighter_always_0_has_an_error_of_46_and_beats_a_judge_that_ranks_well(shared_data: Path) -> None:
    lines = (shared_data / "brighter_eng.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    train, human = (
        np.array([[row[name] for name in BRIGHTER] for row in rows if row["split"] == split], dtype=np.float64)
        for split in ("train", "test")
    )
    zero = np.zeros(len(human))
    assert np.mean([mae(zero, column) for column in human.T]) == pytest.approx(0.4615, abs=5e-4)
    judge = np.clip(np.round(human + np.random.default_rng(0).normal(0.15, 1.05, human.shape)), 0, 3)
    ranks = np.mean([spearman(*columns) for columns in zip(judge.T, human.T, strict=True)])
    found = against_constants(Scores(criteria(BRIGHTER, 0, 3), human, judge), ["mae"], train, resamples=100)["mae"]
    assert ranks > 0.46
    assert {name: found[name]["level"] for name in BRIGHTER} == {**dict.fromkeys(BRIGHTER, 0), "fear": 1}
    assert found["mean"]["judge"] > 0.5
    assert found["mean"]["beaten"]
    assert found["mean"]["difference"]["low"] > 0
