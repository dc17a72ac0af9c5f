"""Hard batches: who has a turn, what a rare level is worth, and what the scores of the training rows cost."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest

from programs.optimizer.draws import draw
from programs.optimizer.rows.hard import Rotation
from programs.optimizer.rows.strata import LEAST, Stratum, rater_noise, spread, strata_of
from signatures.records import Criterion, Judgement
from tests.fake import FakeEngine, fake_lm

EMOTIONS = [Criterion(name, 0, 3) for name in ("anger", "fear", "joy", "sadness", "surprise")]
SHARES = {"anger": 0.12, "fear": 0.55, "joy": 0.25, "sadness": 0.3, "surprise": 0.3}
"""How often an emotion is there at all, in BRIGHTER's English part."""


def emotional(seed: int, count: int = 160) -> list[dspy.Example]:
    random = np.random.default_rng([seed, 7])
    return [
        dspy.Example({name: float(random.integers(1, 4) * (random.random() < share)) for name, share in SHARES.items()})
        for _ in range(count)
    ]


def judged(rows: list[dspy.Example], seed: int) -> list[dict[Stratum, float]]:
    """By a judge that is half right and errs by about half a level."""
    random = np.random.default_rng([seed, 8])
    scores = [{c.name: round(1 + row[c.name] / 2 + random.normal() / 2) for c in EMOTIONS} for row in rows]
    return [strata_of(EMOTIONS, row, Judgement("", each)) for row, each in zip(rows, scores, strict=True)]


def test_rare_levels_have_their_turn() -> None:
    """Two batches of three hold a turn of all five criteria; anger is in 12 % of the rows."""
    held = Counter[str]()
    for seed in range(40):
        rows = emotional(seed)
        pool = spread(rows, EMOTIONS, 60, np.random.default_rng(seed))
        rotation = Rotation([*SHARES], 60, np.random.default_rng(seed))
        weights = judged(pool, seed)
        hard = [[pool[place] for place in rotation.batch(weights, 3, (*SHARES,))] for _ in range(8)]
        for kind, batches in (("hard", hard), ("random", list(islice(draw(rows, 3, seed), 8)))):
            for first, second in zip(batches[::2], batches[1::2], strict=True):
                held[kind] += any(row["anger"] > 0 for row in [*first, *second])
    assert held["random"] < 0.65 * 160
    assert held["hard"] > 0.95 * 160


def test_every_criterion_is_served_in_turn_with_a_row_that_is_wrong_on_it() -> None:
    rows = emotional(0, 60)
    weights = judged(rows, 0)
    rotation = Rotation([*SHARES], 60, np.random.default_rng(0))
    served = [place for _ in range(5) for place in rotation.batch(weights, 3, (*SHARES,))]
    wrong = [{name for name, _, verdict in weights[place] if verdict != "right"} for place in served]
    for start in range(0, 15, 5):
        window = wrong[start : start + 5]
        assert all(any(name in each for each in window) for name in SHARES)


def test_a_step_about_one_criterion_is_given_rows_that_are_wrong_on_it() -> None:
    weights = judged(emotional(1, 60), 1)
    rotation = Rotation([*SHARES], 60, np.random.default_rng(0))
    drawn = [weights[place] for _ in range(4) for place in rotation.batch(weights, 3, ("anger",))]
    wrong = [name for each in drawn for name, _, verdict in each if name == "anger" and verdict != "right"]
    assert len(wrong) >= 9


def test_a_row_is_not_drawn_again_before_the_others_of_its_stratum() -> None:
    weights: list[dict[Stratum, float]] = [{("anger", place % 2, "too high"): 1.0} for place in range(12)]
    rotation = Rotation(["anger"], 12, np.random.default_rng(3))
    drawn = [place for _ in range(6) for place in rotation.batch(weights, 2, ("anger",))]
    assert sorted(drawn) == list(range(12))
    assert sorted(place for _ in range(6) for place in rotation.batch(weights, 2, ("anger",))) == list(range(12))


def test_strata_are_seen_in_proportion_to_their_weight_and_right_scores_too() -> None:
    weights: list[dict[Stratum, float]] = [
        {("anger", 0, verdict): weight}
        for verdict, weight in (("too high", 1.0), ("too low", 0.5), ("right", LEAST))
        for _ in range(30)
    ]
    rotation = Rotation(["anger"], 90, np.random.default_rng(0))
    seen = Counter(stratum[2] for place in rotation.batch(weights, 28, ("anger",)) for stratum in weights[place])
    assert seen == {"too high": 16, "too low": 8, "right": 4}


def test_disagreement_counts_beyond_rater_noise_and_only_where_there_is_a_score() -> None:
    raters = {"anger": {"a": 0.0, "b": 3.0, "c": None}, "joy": {"a": 2.0}}
    row = dspy.Example(anger=1.5, joy=2.0, fear=0.0, sadness=0.0, surprise=0.0, rater_scores=raters)
    assert rater_noise(row, "anger") == pytest.approx(3 / 2**0.5)
    assert rater_noise(row, "joy") == rater_noise(row, "fear") == 0.5
    found = strata_of(EMOTIONS, row, Judgement("1", {"anger": 3, "joy": 0, "fear": 2.4, "sadness": None}))
    assert found == {
        ("anger", 2, "too high"): LEAST,
        ("joy", 2, "too low"): 1.5,
        ("fear", 0, "too high"): pytest.approx(1.9),
    }


def test_rows_that_no_score_is_known_of_take_turns() -> None:
    rotation = Rotation(["anger"], 5, np.random.default_rng(0))
    assert sorted(place for _ in range(5) for place in rotation.batch([{}] * 5, 1, ("anger",))) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="a batch of 6 needs"):
        rotation.batch([{}] * 5, 6, ("anger",))


def test_a_pool_spares_rare_cells() -> None:
    rows = [dspy.Example(anger=float(place == 77), fear=1.0) for place in range(100)]
    for seed in range(20):
        pool = spread(rows, EMOTIONS[:2], 10, np.random.default_rng(seed))
        assert len(pool) == 10
        assert rows[77] in pool


Start = Callable[..., int]


def files(folder: Path, name: str) -> dict[str, bytes]:
    return {each: (folder / "runs" / name / each).read_bytes() for each in ("steps.jsonl", "judge.json", "scores.json")}


@pytest.mark.parametrize("gate", ["none", "mae"])
def test_the_scores_of_training_rows_are_asked_once_a_judge_and_counted_in_the_estimate(
    gate: str, start: Start, found: Callable[[str], dict[str, Any]], engine: FakeEngine, tmp_path: Path
) -> None:
    assert start("--run", "plain", "--gate", gate) == 0
    plain, sent = found("plain"), engine.counts()["judge"]
    engine.asked.clear()
    assert start("--run", "hard", "--gate", gate, "--batch", "hard", "--batch-pool", "6") == 0
    summary = found("hard")
    assert summary["estimate"]["judge"] == plain["estimate"]["judge"] + 4 * 6
    tally = Counter(summary["calls"]["judge"])
    assert tally["calls"] == engine.counts()["judge"]
    assert tally["calls"] + tally["reused"] + tally["skipped"] == summary["estimate"]["judge"]
    assert tally["calls"] <= sent + 4 * 6
    assert (tally["skipped"] > plain["calls"]["judge"]["skipped"]) is (gate == "mae")
    steps = [json.loads(line) for line in (tmp_path / "runs" / "hard" / "steps.jsonl").read_text().splitlines()]
    assert len({row for step in steps[1:] for row in step["rows"]}) <= 6


def test_threads_and_a_kill_change_nothing(
    start: Start, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard = ("--gate", "none", "--batch", "hard")
    assert start("--run", "whole", *hard, "--threads", "1") == 0

    class Killed(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            if len(self.asked) == 60:
                raise KeyboardInterrupt
            return super().complete(request)

    killed = Killed()
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(killed))
    assert start("--run", "killed", *hard, "--threads", "5") == 130
    monkeypatch.setattr("programs.optimizer.cast.language_model", lambda *_, **__: fake_lm(engine))
    (tmp_path / "runs" / "killed" / "summary.json").unlink(missing_ok=True)
    assert start("--resume", "killed", *hard, "--threads", "3") == 0
    assert files(tmp_path, "whole") == files(tmp_path, "killed")
