"""The controls do what they say, as runs of optimize.py and by themselves."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest

from programs.backends.roles import Roles
from programs.optimizer.controls.ensemble import Ensemble, members
from programs.optimizer.controls.shuffled import shuffled
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.saved import load_judge
from programs.optimizer.scoring import judge_rows
from programs.tasks.task import Task
from tests.fake import FakeEngine, fake_lm, rated_rows
from tests.optimizer.conftest import Start

Found = Callable[[str], dict[str, Any]]


def steps_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines()]


def test_shuffled_rows_have_the_ratings_of_others() -> None:
    names = ("fluency", "relevance")
    rows = [row.copy(fluency=float(place), relevance=float(-place)) for place, row in enumerate(rated_rows(names, 30))]
    moved = shuffled(rows, names, seed=3)
    for name in names:
        assert sorted(row[name] for row in moved) == sorted(row[name] for row in rows)
        assert all(new[name] != old[name] for new, old in zip(moved, rows, strict=True))
    assert [row["fluency"] for row in moved] != [-row["relevance"] for row in moved]  # each by itself
    assert [row.inputs().toDict() for row in moved] == [row.inputs().toDict() for row in rows]
    assert [row["row_id"] for row in moved] == [row["row_id"] for row in rows]
    assert [row["fluency"] for row in rows] == [float(place) for place in range(30)]  # the rows stay as they are
    again, other = shuffled(rows, names, seed=3), shuffled(rows, names, seed=4)
    assert [row["fluency"] for row in again] == [row["fluency"] for row in moved]
    assert [row["fluency"] for row in other] != [row["fluency"] for row in moved]


def test_a_shuffled_run_learns_from_other_ratings_and_is_judged_by_the_true_ones(
    start: Start, found: Found, tmp_path: Path, engine: FakeEngine
) -> None:
    assert start("--run", "true") == 0
    told = [asked.user for asked in engine.of("loss")]
    engine.asked.clear()
    assert start("--control", "shuffled", "--run", "control") == 0
    assert set(told) != {asked.user for asked in engine.of("loss")}
    true, control = steps_of(tmp_path / "runs" / "true"), steps_of(tmp_path / "runs" / "control")
    assert [step["rows"] for step in control] == [step["rows"] for step in true]
    assert control[1]["judgements"] == true[1]["judgements"]  # the same rows and prompt, other ratings
    assert control[0]["validation"] == true[0]["validation"]
    assert found("control")["before"] == found("true")["before"]
    assert found("control")["method"]["control"] == "shuffled"
    assert found("control")["estimate"] == found("true")["estimate"]


def test_a_paraphrase_run_sends_no_loss_and_no_gradient(
    start: Start, found: Found, tmp_path: Path, engine: FakeEngine
) -> None:
    assert start("--control", "paraphrase", "--run", "control") == 0
    assert (engine.counts()["loss"], engine.counts()["gradient"]) == (0, 0)
    asked = engine.of("rewrite")
    assert len({each.user for each in asked}) == len(asked) == 4  # one a step, and no step asks for the same wording
    assert all("Say exactly the same" in each.system for each in asked)
    openings = [re.search(r'"helpful":"(\w+) \.\.\."', each.user)[1] for each in asked]
    assert len(set(openings)) == 4  # without another first word a small model copies the rubric
    assert all("answer" not in each.user for each in asked)  # no case of the batch
    steps = steps_of(tmp_path / "runs" / "control")
    assert all(not step["losses"] and not step["gradients"] for step in steps)
    assert all(step["proposal"] for step in steps[1:])
    estimate = found("control")["estimate"]
    assert (estimate["loss"], estimate["gradient"], estimate["rewrite"]) == (0, 0, 4)


def test_separate_rewrites_are_paraphrased_separately(start: Start, engine: FakeEngine) -> None:
    assert start("--control", "paraphrase", "--mode", "SSS", "--run", "control") == 0
    assert len(engine.of("rewrite")) == 4 * 2


def test_an_ensemble_spends_a_searchs_calls_on_the_test_rows(
    start: Start, found: Found, tmp_path: Path, engine: FakeEngine
) -> None:
    assert start("--run", "ours") == 0
    search = sum(found("ours")["estimate"].values()) - 2 * 16
    engine.asked.clear()
    assert start("--control", "ensemble", "--run", "control") == 0
    summary = found("control")
    size = summary["method"]["calls_per_row"]
    assert size == members(search, 16) == 1 + search // 16
    assert set(engine.counts().items()) >= {("judge", 16 * size), ("rewrite", 0), ("loss", 0)}
    assert len({asked.request.config.seed for asked in engine.asked}) == size
    assert summary["before"] == found("ours")["before"]
    assert summary["kept"][0]["step"] == 0
    assert summary["optimism"]["validation_minus_test"] is None
    assert load_judge(tmp_path / "runs" / "control").rubric["helpful"] == "Rate from 1 to 5."
    scores = json.loads((tmp_path / "runs" / "control" / "scores.json").read_text())["judges"]
    assert set(scores) == {"0", "kept"}


@pytest.mark.parametrize("control", ["shuffled", "paraphrase", "ensemble"])
def test_a_resumed_control_repeats_no_call(control: str, start: Start, tmp_path: Path, engine: FakeEngine) -> None:
    assert start("--control", control, "--threads", "1", "--run", "whole") == 0
    whole, half = tmp_path / "runs" / "whole", tmp_path / "runs" / "half"
    half.mkdir()
    (half / "config.json").write_bytes((whole / "config.json").read_bytes())
    lines = (whole / "calls.jsonl").read_bytes().splitlines(keepends=True)
    (half / "calls.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    asked = len(engine.asked)
    engine.asked.clear()
    assert start("--resume", "half") == 0
    assert len(engine.asked) == asked - len(lines) // 2
    for name in ("judge.json", "scores.json", "steps.jsonl"):
        assert (half / name).read_bytes() == (whole / name).read_bytes()


def test_an_ensemble_is_the_mean_of_its_members_and_unscored_without_any(task: Task) -> None:
    def score(name: str, system: str, user: str, levels: tuple[int, ...]) -> Any:
        seed = len(seeds)
        missing = name == "coherence" or (name == "relevance" and seed == 1)
        return None if missing else {"fluency": 1 + seed, "relevance": 5}.get(name, 3)

    seeds: list[int] = []
    engine = FakeEngine(score=score, reply=lambda asked: seeds.append(asked.request.config.seed))
    with dspy.context(lm=fake_lm(engine)):
        roles = Roles.of({}, seed=5)
    rows = rated_rows(task.criterion_names, 1)
    with roles.playing("judge"):
        (judgement,) = judge_rows(Ensemble(Judge(task), 3), rows, Pool(1))
    assert judgement.scores == {"fluency": 3.0, "relevance": 5.0, "coherence": None, "consistency": 3.0}
    assert seeds[0] == 5
    assert len(set(seeds)) == 3


def test_an_ensemble_has_at_least_two_members() -> None:
    assert members(search_calls=3, test_rows=100) == 2
    assert members(search_calls=1440, test_rows=480) == 4
    assert members(search_calls=1440, test_rows=480, heads=4) == 7


def test_an_ensemble_at_temperature_zero_is_refused(start: Start, engine: FakeEngine, capsys: Any) -> None:
    assert start("--control", "ensemble", "--judge-temperature", "0") == 2
    assert re.match(r"error: .*--judge-temperature above 0", capsys.readouterr().err)
    assert not engine.asked
