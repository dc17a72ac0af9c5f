"""The optimizer in simulated worlds: small versions of what `tests/reliability/worlds.py` measures."""

from dataclasses import replace
from pathlib import Path

import pytest

from programs.optimizer.fan_out import Pool
from programs.optimizer.modes import MODES
from programs.optimizer.run import Material, Run
from programs.optimizer.steps import step_record
from programs.records.folder import RunFolder
from programs.screen import Screen
from tests.world.checks import LEARNABLE
from tests.world.checks import SIZES as SMALL
from tests.world.speech import stated
from tests.world.trial import Trial, trial
from tests.world.world import COLLIDING, INERT, SILENT, TRANSFER, World

UNGATED = {**SMALL, "gate": "none", "keep": "last"}


def gain(world: World, mode: str, **settings: object) -> float:
    """What the kept judge agrees better with the raters than the initial one, on test rows."""
    done = trial(world, mode, **settings)
    return done.agreement(done.run().judge) - done.agreement(done.start)


def rubrics(world: World, mode: str, **settings: object) -> dict[str, str]:
    return dict(trial(world, mode, **settings).run().judge.rubric)


def test_where_no_mechanism_tells_them_apart_every_mode_finds_the_same() -> None:
    world = replace(INERT, criteria=3)
    found = [rubrics(world, mode, **UNGATED) for mode in MODES]
    assert found == found[:1] * len(MODES)
    assert "raises it" in found[0]["clarity"]


def test_the_mechanisms_tell_the_modes_apart() -> None:
    found = {mode: rubrics(COLLIDING, mode, **{**UNGATED, "steps": 3}) for mode in MODES}
    assert len({str(each) for each in found.values()}) == len(MODES)


def test_what_a_mode_finds_does_not_depend_on_threads() -> None:
    def steps(threads: int) -> list[object]:
        done = trial(COLLIDING, "SCC", **{**UNGATED, "steps": 2})
        done.pool = Pool(threads)
        done.run()
        return [step_record(step) for step in done.steps]

    assert steps(1) == steps(6)


def test_joint_critiques_teach_less_where_they_dilute() -> None:
    worlds = [replace(COLLIDING, criteria=3, seed=seed) for seed in range(3)]
    assert sum(known(each, "CCC") - known(each, "Single") for each in worlds) < -6


def known(world: World, mode: str) -> int:
    """How many more of the hidden rules the last judge states rightly than wrongly."""
    told = {name: stated(text) for name, text in rubrics(world, mode, **{**UNGATED, "steps": 3}).items()}
    hidden = world.hidden
    found = [way * hidden[name].get(word, 0) > 0 for name, rules in told.items() for word, way in rules.items()]
    return 2 * sum(found) - len(found)


def test_joining_helps_where_criteria_share_their_rules() -> None:
    world = replace(TRANSFER, criteria=3, seed=3)
    assert gain(world, "CCC", **SMALL) > gain(world, "Single", **SMALL) + 0.1


def test_ratings_that_are_noise_teach_nothing() -> None:
    done = trial(replace(SILENT, criteria=2), "SSC", **SMALL)
    outcome = done.run()
    assert not any(verdict.kept for step in done.steps for verdict in step.verdicts)
    assert outcome.judge.rubric == done.start.rubric


def test_shuffled_ratings_teach_nothing_and_the_true_ones_do() -> None:
    learned = gain(LEARNABLE, "SSS", **UNGATED)
    misled = gain(LEARNABLE, "SSS", **UNGATED, control="shuffled")
    assert learned > 0.1
    assert misled < 0.03


def test_a_whole_run_reports_the_gain(tmp_path: Path) -> None:
    done: Trial = trial(LEARNABLE, "SSS", **{**SMALL, "steps": 3})
    with RunFolder.create(tmp_path, "simulated") as folder:
        material = Material(done.task, done.splits)
        summary = Run(done.settings, material, folder, Screen(quiet=True), done.roles).whole()
    cell = summary["difference"]["pooled"]["spearman"]["mean"]
    assert cell["value"] == pytest.approx(
        summary["after"]["pooled"]["spearman"]["mean"]["value"]
        - summary["before"]["pooled"]["spearman"]["mean"]["value"]
    )
    assert cell["value"] > 0.1
