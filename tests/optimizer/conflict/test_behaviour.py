"""Conflict in behaviour: a planted one is resolved as the equations say, noise is dropped, controls keep as many."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from metrics.score_maps import Calibration, Curve
from programs.optimizer.conflict.behaviour import by_behaviour
from programs.optimizer.conflict.cagrad import cagrad
from programs.optimizer.conflict.effects import Effects
from programs.optimizer.conflict.mgda import mgda
from programs.optimizer.conflict.pcgrad import pcgrad
from programs.optimizer.conflict.probe import Probe, probe_rows
from programs.optimizer.conflict.resolution import CHOICES, METHODS, mean
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Plugs, Search
from programs.optimizer.stages import Stages
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.records.calls import CallLog
from programs.tasks.task import Task
from signatures.edits import Edit
from tests.fake import FakeEngine, rated_rows
from tests.optimizer.conflict.planted import REPLY, planted_engine, planted_rows, score
from tests.optimizer.test_teleprompter import roles_of

G = np.array(  # the planted edits in the order of REPLY; shares of a scale from 1 to 5
    [[0.5, 0, 0, 0], [-0.25, 0, 0, 0], [0, 0, 0.25, 0], [0, 1 / 32, 0, -0.5]]
)


def step_of(
    task: Task, engine: FakeEngine, how: str = "pcgrad", choose: str = "behaviour", mode: str = "SSC", **options: Any
) -> Step:
    """One step without a gate, on 8 probe rows, so that none of 8 changes is noise."""
    steps: list[Step] = []
    combine = {**METHODS, "mean": mean}[how]
    plugs = Plugs(resolve=by_behaviour(combine, CHOICES[choose], edits=4, rows=8))
    optimizer = TextualGradient(mode, steps=1, gate="none", keep="last", plugs=plugs, on_step=steps.append, **options)
    optimizer.search(Judge(task), trainset=planted_rows(8), roles=roles_of(engine))
    return steps[-1]


def test_a_planted_conflict_is_resolved_and_noise_is_dropped(task: Task) -> None:
    engine = planted_engine()
    step = step_of(task, engine)
    told = step.told["resolve"]
    assert np.array(list(told["gains"].values())) == pytest.approx(G, abs=1e-6)
    assert [edit["weight"] for edit in told["edits"]] == pytest.approx(
        pcgrad(G, np.random.default_rng((0, 1))).tolist(), abs=1e-6
    )
    assert {name: told[name] for name in ("proposed", "read", "kept", "conflicts", "fired", "changed")} == {
        "proposed": 4, "read": 4, "kept": 1, "conflicts": 1, "fired": 1, "changed": 1,
    }  # fmt: skip
    assert told["conflicts_beyond_noise"] == 1  # every row shows it
    assert told["errors"]["fluency"] == [0.0, 0.0, 0.0, 0.0]
    assert told["errors"]["consistency"][1] == pytest.approx(1 / 32, abs=1e-6)  # one row of eight: as large as its gain
    # without resolution, the edit that helps fluency more than it hurts relevance would be kept
    assert [note.text for note in step_of(task, planted_engine(), "mean").applied] == [
        "Raise the score of fluency to 5 when the text is short.",
        "Raise the score of coherence to 4 when the text has a plan.",
    ]


def test_the_rewrite_is_given_the_kept_edits_best_first_and_nothing_else(task: Task) -> None:
    engine = planted_engine()
    step_of(task, engine, "mean")
    (asked,) = engine.of("rewrite")
    feedback = asked.user.partition("<feedback>\n")[2].partition("\n</feedback>")[0]
    assert feedback.splitlines() == [
        "- (fluency) Raise the score of fluency to 5 when the text is short.",
        "- (coherence) Raise the score of coherence to 4 when the text has a plan.",
    ]
    separate = planted_engine()
    step_of(task, separate, "mean", mode="SSS")
    assert len(separate.of("rewrite")) == 2  # of the two criteria that have feedback
    (condensed,) = separate.of("condense")
    assert condensed.user.count("gradient text on") == len(separate.of("gradient"))


@pytest.mark.parametrize("how, combine", [("cagrad", cagrad), ("mgda", mgda)])
def test_the_other_equations_are_applied_literally(task: Task, how: str, combine: Callable[..., Any]) -> None:
    step = step_of(task, planted_engine(), how)
    weights = combine(G)
    assert [edit["weight"] for edit in step.told["resolve"]["edits"]] == pytest.approx(weights.tolist(), abs=1e-4)
    assert step.told["resolve"]["order"] == [place for place in (0, 2) if weights[place] > 1e-6]


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("control", ["random", "crossed"])
def test_controls_keep_as_many_edits_for_the_same_calls(task: Task, how: str, control: str) -> None:
    engines = planted_engine(), planted_engine()
    own, other = (
        step_of(task, engine, how, choose).told["resolve"]
        for engine, choose in zip(engines, ("behaviour", control), strict=True)
    )
    assert own["kept"] == other["kept"]
    assert own["gains"] == other["gains"]
    assert engines[0].counts() | {"rewrite": 0} == engines[1].counts() | {"rewrite": 0}


def test_controls_are_no_method() -> None:
    """They keep other edits than the method in some of many draws, and the same in the same draw."""
    random = np.random.default_rng(0)
    changes = G[None] + 0.001 * random.standard_normal((8, 4, 4))
    effects = Effects(changes, np.arange(8))
    for control in ("random", "crossed"):
        kept = [CHOICES[control](effects, mean, (0, number)).kept for number in range(20)]
        assert len({frozenset(each) for each in kept}) > (1 if control == "random" else 0)
        assert kept == [CHOICES[control](effects, mean, (0, number)).kept for number in range(20)]
    weights = [CHOICES["crossed"](effects, pcgrad, (0, number)).weights for number in range(20)]
    assert len({tuple(each.round(2)) for each in weights}) > 1


@pytest.mark.parametrize("reply", ["", "I would change nothing.", "x: raise to 3 when it is good"])
def test_without_edits_there_is_no_feedback_no_rewrite_and_no_probe(task: Task, reply: str) -> None:
    engine = planted_engine(reply)
    step = step_of(task, engine)
    told = step.told["resolve"]
    assert (told["read"], told["kept"], told["without_feedback"]) == (0, 0, 1)
    assert step.applied == []
    assert len(step.gradients) == 3 * 4
    assert step.proposal == {}
    assert engine.of("rewrite") == []
    assert len(engine.of("judge")) == 3


def test_an_edit_that_leaves_rows_unscored_is_not_taken_for_a_change(task: Task) -> None:
    engine = FakeEngine(
        score=lambda name, system, *_: None if "is short" in system and name == "fluency" else score(name, system, *_),
        reply=lambda asked: REPLY if asked.stage == "condense" else None,
    )
    told = step_of(task, engine).told["resolve"]
    assert told["unusable"] == 1
    assert told["gains"]["fluency"][0] is None
    assert told["edits"][0]["weight"] is None
    assert told["kept"] == 1


def search_of(task: Task, engine: FakeEngine, rows: int = 8) -> Search:
    roles = roles_of(engine, CallLog(reuse=False))
    pool = Pool(2)
    return Search(roles, pool, Stages.of(roles, pool), planted_rows(rows), 3)


def test_a_judge_is_asked_once_as_it_is_until_another_is_accepted(task: Task) -> None:
    engine = planted_engine()
    search, probe, judge = search_of(task, engine), Probe(rows=8, edits=4), Judge(task)
    edit = Edit("coherence", "raise", "the text has a plan", (4, 4))
    for edits, asked, skipped in ((1, 16, 24), (2, 16, 48), (0, 0, 88)):
        engine.asked.clear()
        probe.effects(search, judge, [edit] * edits) if edits else probe.skip(search, judge, 0)
        assert len(engine.of("judge")) == asked
        assert search.roles.calls.summary()["judge"]["skipped"] == skipped
    engine.asked.clear()
    probe.effects(search, judge.with_rubric({"fluency": "Another."}), [edit])
    assert len(engine.of("judge")) == 16


def test_an_edit_is_read_as_the_judge_is(task: Task) -> None:
    """The calibration takes a level from every score: an edit that changes nothing still has no effect."""
    engine = planted_engine()
    lower = Calibration("isotonic", {name: Curve((1, 2, 5), (1, 1, 4)) for name in task.criterion_names}, {})
    edits = [Edit("fluency", "raise", "it is nothing in particular"), Edit("coherence", "raise", "it has a plan")]
    judge = Judge(task, calibration=lower)
    effects = Probe(rows=8, edits=2).effects(search_of(task, engine), judge, edits)
    assert effects.gains[:, 0].tolist() == [0, 0, 0, 0]
    assert effects.gains[:, 1].tolist() == [0, 0, 0.25, 0]


def test_probe_rows_spread_over_the_levels_of_all_criteria(task: Task) -> None:
    engine = planted_engine()
    search = search_of(task, engine)
    rows = rated_rows(task.criterion_names, 200, documents=50)
    for row in rows[10:]:
        row["fluency"] = 1.0  # a level of which a random choice would hold little else
    drawn = probe_rows(replace(search, trainset=rows), task.criterion_names, 12)
    assert len({row["row_id"] for row in drawn}) == 12
    assert {row["fluency"] for row in drawn} == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert drawn == probe_rows(replace(search, trainset=rows), task.criterion_names, 12)
    assert drawn != probe_rows(replace(search, trainset=rows, seed=4), task.criterion_names, 12)
    assert len(probe_rows(search, task.criterion_names, 12)) == 8
