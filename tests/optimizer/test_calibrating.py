"""Calibration in the loop: fitted on training rows alone, once a prompt, and what losses, gate and files make of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import pytest

from metrics.score_calibration import fit
from programs.errors import UserError
from programs.optimizer.calibrating import Calibrator, calibrating
from programs.optimizer.controls.shuffled import Shuffled
from programs.optimizer.draws import draw
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.part import of_criteria
from programs.optimizer.plugs import Plugs
from programs.optimizer.saved import load_judge, save_judge
from programs.optimizer.scoring import judge_rows, scores_of
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.tasks.fields import Input
from programs.tasks.task import Task
from signatures.records import Criterion
from tests.fake import FakeEngine, fake_lm, rated_rows
from tests.optimizer.test_teleprompter import roles_of

NAMES = ("a", "b")
TRAIN, GATED = rated_rows(NAMES, 24), rated_rows(NAMES, 60, documents=20)
TEXTS = {row["text"]: row for row in rated_rows(NAMES, 60)}


@pytest.fixture
def task() -> Task:
    return Task("test", "Judge the text.", (Input("text", "Text"),), tuple(Criterion(name, 1, 5) for name in NAMES))


def lenient(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """Knows the ratings and is two levels too high, or one where its rubric says strict."""
    text = next(text for text in sorted(TEXTS, key=len, reverse=True) if text in user)
    return min(int(TEXTS[text][name]) + (1 if f"{name} strict" in system else 2), levels[-1])


def strict(name: str, *_: object) -> str:
    return f"{name} strict"


def search(task: Task, engine: FakeEngine, seen: list[Step], mode: str = "SSC", **how: Any) -> Judge:
    optimizer = TextualGradient(mode, on_step=seen.append, plugs=plugs(how.pop("method", "isotonic")), **how)
    return optimizer.search(Judge(task), trainset=TRAIN, valset=GATED, roles=roles_of(engine)).judge


def plugs(method: str, most: int = 100) -> Plugs:
    return Plugs(calibrate=calibrating(method, most))


def fitted_by_hand(judge: Judge, engine: FakeEngine, rows: list[dspy.Example], method: str = "isotonic") -> Any:
    with dspy.context(lm=fake_lm(engine)):
        return fit(method, scores_of(judge, rows, judge_rows(judge.with_calibration(None), rows, Pool(1))))


def test_the_initial_and_every_accepted_judge_have_their_own_maps_of_training_rows(task: Task) -> None:
    engine, steps = FakeEngine(), []
    kept = search(task, engine, steps, steps=3, gate="spearman", accept="not_worse")
    assert any(verdict.kept for step in steps for verdict in step.verdicts)
    for judge in (*(step.judge for step in steps), kept):
        assert judge.calibration == fitted_by_hand(judge, FakeEngine(), TRAIN)
    asked = [(each.system, each.user) for each in engine.of("judge")]
    assert len(asked) == len({*asked})  # batches and fits share what they ask


@pytest.mark.parametrize("gate", ["spearman", "mae"])
def test_ratings_outside_training_rows_have_no_part_in_it(task: Task, gate: str) -> None:
    def found(train: list[dspy.Example], gated: list[dspy.Example]) -> Any:
        optimizer = TextualGradient("SSC", steps=0, gate=gate, plugs=plugs("isotonic"))
        return optimizer.search(
            Judge(task), trainset=train, valset=gated, roles=roles_of(FakeEngine())
        ).judge.calibration

    other = [row.copy(a=6 - row["a"], b=1.0) for row in GATED]
    assert found(TRAIN, GATED) == found(TRAIN, other)
    assert found(TRAIN, GATED) != found([row.copy(a=6 - row["a"]) for row in TRAIN], GATED)


def test_so_many_rows_are_asked_for_and_they_are_those_of_the_first_batches(task: Task) -> None:
    engine, steps = FakeEngine(), []
    optimizer = TextualGradient("SSC", steps=2, batch_size=5, gate="none", keep="last", on_step=steps.append)
    optimizer.plugs = plugs("isotonic", 12)
    optimizer.search(Judge(task), trainset=TRAIN, roles=roles_of(engine))
    assert len(engine.of("judge")) == 12 + 12 + 12  # the first batch is among the first fit's rows, the next likewise
    fitted = {str(row["row_id"]) for row in next(draw(TRAIN, 12, 0))}
    assert {judgement.row for step in steps[1:] for judgement in step.batch.judgements} <= fitted


def test_critics_are_told_calibrated_scores(task: Task) -> None:
    engine, steps = FakeEngine(lenient), []
    search(task, engine, steps, steps=1, gate="none", keep="last", batch_size=6)
    batch = steps[1].batch
    assert any(each.raw != each.scores for each in batch.judgements)
    for row, judgement in batch.pairs():
        assert judgement.raw["a"] == min(row["a"] + 2, 5)
        assert judgement.scores["a"] == steps[0].judge.calibration("a", judgement.raw["a"])
    lines = [line for each in engine.of("loss") for line in each.user.splitlines() if ": judge " in line]
    told = {line for line in lines if "CORRECT" in line and "INCORRECT" not in line}
    assert len(told) > len(lines) / 3  # raw, all but the highest ratings would be two levels off


def test_a_rewrite_that_only_shifts_scores_gains_nothing_by_a_gate_on_errors(task: Task) -> None:
    """Raw, the stricter rubric is far nearer to the raters; calibrated, the two are alike."""

    def kept(method: str) -> bool:
        steps: list[Step] = []
        engine = FakeEngine(lambda *asked: min(lenient(*asked), 4 if "strict" not in asked[1] else 5), strict)
        levels = [row.copy(a=min(row["a"], 2.0), b=min(row["b"], 2.0)) for row in [*TRAIN, *GATED]]
        TEXTS.update({row["text"]: row for row in levels})
        optimizer = TextualGradient("SSC", steps=1, gate="mae", plugs=plugs(method), on_step=steps.append)
        optimizer.search(Judge(task), trainset=levels[:24], valset=levels[24:], roles=roles_of(engine))
        TEXTS.update({row["text"]: row for row in rated_rows(NAMES, 60)})
        return steps[1].verdicts[0].kept

    assert kept("none")
    assert not kept("isotonic")


def test_only_heads_with_another_prompt_lose_their_maps(task: Task) -> None:
    with dspy.context(lm=fake_lm(FakeEngine())):
        fits: list[int] = []
        calibrate = Calibrator("isotonic", TRAIN, lambda *asked: judge_rows(*asked, Pool(1)), lambda *_: fits.append(1))
        apart = calibrate(Judge(task, groups("S", NAMES)))
        joint = calibrate(Judge(task))
        assert apart.with_rubric({"a": "new"}).calibration == apart.calibration.only(["b"])
        assert apart.with_rubric({"a": apart.rubric["a"]}).calibration == apart.calibration
        assert joint.with_rubric({"a": "new"}).calibration is None
        assert joint.with_groups(groups("S", NAMES)).calibration is None
        assert joint.with_groups([NAMES]).calibration == joint.calibration
        assert of_criteria(apart, ["b"]).calibration == apart.calibration.only(["b"])
        again = calibrate(apart.with_rubric({"a": "new"}))
        assert again.calibration.maps["b"] == apart.calibration.maps["b"]
        assert again.calibration.maps["a"] != apart.calibration.maps["a"]
        assert calibrate.fits == 3
        assert calibrate(apart.with_calibration(None)).calibration == apart.calibration
        assert calibrate.known(Judge(task, rubric={"a": "unheard of"})).calibration is None
        assert (calibrate.fits, fits) == (3, [])


@pytest.mark.parametrize("readout", ["digits", "expected"])
def test_scores_are_calibrated_and_raw_ones_stay_beside(task: Task, readout: str) -> None:
    with dspy.context(lm=fake_lm(FakeEngine(reply=lambda asked: '{"a": 4}'))):
        judge = Judge(task, readout=readout)
        maps = fit("cutpoints", scores_of(judge, TRAIN, judge_rows(judge, TRAIN, Pool(1)))).left
        assert maps == {"a": "the judge gave all training rows one score", "b": "fewer than 10 scored training rows"}
    with dspy.context(lm=fake_lm(FakeEngine(lenient))):
        fitted = judge.with_calibration(fitted_by_hand(judge, FakeEngine(lenient), TRAIN, "cutpoints"))
        judgements = judge_rows(fitted, TRAIN, Pool(1))
        assert [each.raw for each in judgements] == [each.scores for each in judge_rows(judge, TRAIN, Pool(1))]
        assert fitted(text=TRAIN[0]["text"]).toDict() == dict(judgements[0].scores)
        assert all(score in (1, 2, 3, 4, 5) for each in judgements for score in each.scores.values())
        assert judgements != judge_rows(judge, TRAIN, Pool(1))


def test_a_shuffled_control_learns_from_shuffled_ratings_and_is_calibrated_on_the_true_ones(task: Task) -> None:
    optimizer = TextualGradient("SSC", steps=1, gate="none", keep="last", plugs=plugs("isotonic"))
    roles = roles_of(FakeEngine())
    found = Shuffled(optimizer, 0).search(Judge(task), trainset=TRAIN, valset=(), roles=roles).judge
    assert found.calibration == fitted_by_hand(found, FakeEngine(), TRAIN)


@pytest.fixture
def calibrated(task: Task) -> Judge:
    return Judge(task).with_calibration(fitted_by_hand(Judge(task), FakeEngine(), TRAIN))


def test_a_judges_file_carries_its_maps(calibrated: Judge, tmp_path: Path) -> None:
    save_judge(calibrated, tmp_path / "judge.json")
    loaded = load_judge(tmp_path)
    assert loaded.calibration == calibrated.calibration
    with dspy.context(lm=fake_lm(FakeEngine())):
        assert loaded(text="text number 3").toDict() == calibrated(text="text number 3").toDict()
    plain = tmp_path / "plain.json"
    save_judge(calibrated.with_calibration(None), plain)
    assert "calibration" not in plain.read_text()


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "is not monotone": lambda own: own["maps"]["a"]["calibrated"].reverse(),
    "holds inf": lambda own: own["maps"]["a"]["raw"].insert(1, float("inf")),
    "of other criteria": lambda own: own["maps"].update(c=own["maps"]["a"]),
    "none of this program": lambda own: own.update(method="__import__"),
}


@pytest.mark.parametrize("words", DAMAGE)
def test_a_bad_map_is_refused_in_one_line(
    words: str, calibrated: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_judge(calibrated, tmp_path / "judge.json")
    stored = json.loads((tmp_path / "judge.json").read_text())
    DAMAGE[words](stored["judgegrad"]["calibration"])
    (tmp_path / "judge.json").write_text(json.dumps(stored))
    with pytest.raises(UserError, match=f"is damaged: its calibration.*{words}"):
        load_judge(tmp_path)


def test_an_unfitted_criterion_is_scored_as_before(calibrated: Judge) -> None:
    assert calibrated.calibration is not None
    partly = calibrated.with_calibration(replace(calibrated.calibration.only(["a"]), left={}))
    with dspy.context(lm=fake_lm(FakeEngine())):
        one, raw = partly(text="text number 3"), partly.with_calibration(None)(text="text number 3")
    assert one["b"] == raw["b"]
    assert one["a"] != raw["a"]
