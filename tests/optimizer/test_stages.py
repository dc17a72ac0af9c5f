"""What each stage may see (PAPER protocol), and how often it speaks."""

import re

import dspy
import pytest

from programs.backends.roles import Roles
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.stages import Batch, Stages
from programs.tasks.task import Task
from signatures.records import Judgement, Note
from tests.fake import Asked, FakeEngine, fake_lm, rated_rows

RUBRIC = {
    "fluency": "Count the slips of the pen.",
    "relevance": "Does it hit the mark?",
    "coherence": "One thought leads on.",
    "consistency": "No invention at all.",
}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def stages(engine: FakeEngine) -> Stages:
    lm = fake_lm(engine)
    return Stages.of(Roles.of(dict.fromkeys(("judge", "loss", "gradient", "rewrite", "rater"), lm)), Pool(4))


@pytest.fixture
def judge(task: Task) -> Judge:
    return Judge(task, rubric=RUBRIC)


def batch_of(task: Task) -> Batch:
    rows = rated_rows(task.criterion_names, 3)
    scores = [dict(zip(task.criterion_names, row, strict=True)) for row in ((1, 2, 3, 4), (5, 4, 3, 2), (2, 2, 2, 1))]
    return Batch(rows, [Judgement(row["row_id"], found) for row, found in zip(rows, scores, strict=True)])


def test_a_loss_call_never_sees_the_text_or_a_rubric(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    stages.loss(judge, batch_of(task), groups("S", task.criterion_names))
    stages.loss(judge, batch_of(task), groups("C", task.criterion_names))
    for asked in engine.of("loss"):
        shown = asked.system + asked.user
        assert "text number" not in shown
        assert not any(text in shown for text in RUBRIC.values())


def test_a_separate_loss_call_names_one_criterion_and_a_joint_one_all(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    stages.loss(judge, batch_of(task), groups("S", task.criterion_names))
    assert all(len(named(asked.user, task)) == 1 for asked in engine.of("loss"))
    engine.asked.clear()
    stages.loss(judge, batch_of(task), groups("C", task.criterion_names))
    assert [named(asked.user, task) for asked in engine.of("loss")] == [set(task.criterion_names)] * 3


def test_a_separate_gradient_call_never_names_another_criterion(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    batch = batch_of(task)
    losses = [Note("loss", row, (name,), f"critique of {name}") for name in task.criterion_names for row in "012"]
    stages.gradient(judge, batch, losses, groups("S", task.criterion_names))
    asked = engine.of("gradient")
    assert len(asked) == 12
    for one in asked:
        assert len(named(one.system + one.user, task)) == 1
        assert sum(text in one.user for text in RUBRIC.values()) == 1
        scores = re.findall(r'"\w+":\d', one.user)
        assert len(scores) == 1  # the judge's output, reduced to the group


def test_a_gradient_sees_prompt_rubric_text_output_and_critique(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    batch = batch_of(task)
    losses = [Note("loss", "0", tuple(task.criterion_names), "a joint critique")]
    stages.gradient(judge, batch, losses, groups("C", task.criterion_names))
    (asked,) = engine.of("gradient")
    assert "Judge the text." in asked.user
    assert all(asked.user.count(text) == 2 for text in RUBRIC.values())  # in the prompt, and as the variable
    assert "text number 0" in asked.user
    assert '{"fluency":1,"relevance":2,"coherence":3,"consistency":4}' in asked.user
    assert "a joint critique" in asked.user


def test_separate_and_joint_gradients_differ_only_in_the_criteria_they_hold(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    batch = batch_of(task)
    losses = [Note("loss", "0", (name,), f"critique of {name}") for name in task.criterion_names]
    stages.gradient(judge, batch, losses, groups("S", task.criterion_names))
    stages.gradient(judge, batch, losses, groups("C", task.criterion_names))
    separate, joint = engine.of("gradient")[:4], engine.of("gradient")[4]
    assert {asked.system for asked in separate} == {joint.system}
    assert shared_lines(joint) == set.union(*map(shared_lines, separate))
    assert "for fluency, relevance, coherence, consistency, three" in joint.user


def shared_lines(asked: Asked) -> set[str]:
    """What a prompt holds beside its list of criteria."""
    return {line for line in asked.user.splitlines() if "{" not in line and not line.startswith("Now write")}


def test_a_rewrite_gets_every_gradient_that_concerns_its_group(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    joint = tuple(task.criterion_names)
    gradients = [Note("gradient", "0", joint, "about all"), Note("gradient", "1", ("fluency",), "about fluency")]
    rubric = stages.rewrite(judge, batch_of(task), gradients, groups("S", task.criterion_names))
    assert set(rubric) == set(joint)
    seen = {next(iter(named(asked.system, task))): asked.user for asked in engine.of("rewrite")}
    assert all("about all" in user for user in seen.values())
    assert [name for name, user in seen.items() if "about fluency" in user] == ["fluency"]
    assert all("human" not in user for user in seen.values())


def test_criteria_without_a_score_are_not_discussed(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    rows = rated_rows(task.criterion_names, 1)
    batch = Batch(rows, [Judgement("0", {**dict.fromkeys(task.criterion_names), "fluency": 3})])
    notes = stages.loss(judge, batch, groups("C", task.criterion_names))
    assert [note.group for note in notes] == [("fluency",)]
    assert named(engine.of("loss")[0].user, task) == {"fluency"}


def test_a_criterion_that_the_rewrite_leaves_out_keeps_its_rubric(judge: Judge, task: Task) -> None:
    engine = FakeEngine(reply=lambda asked: '{"fluency": "new", "relevance": ""}' if asked.stage == "rewrite" else None)
    lm = fake_lm(engine)
    stages = Stages.of(Roles.of(dict.fromkeys(("judge", "loss", "gradient", "rewrite", "rater"), lm)), Pool(1))
    gradients = [Note("gradient", "0", tuple(task.criterion_names), "about all")]
    rubric = stages.rewrite(judge, batch_of(task), gradients, groups("C", task.criterion_names))
    assert rubric == {"fluency": "new"}
    assert judge.with_rubric(rubric).rubric == {**RUBRIC, "fluency": "new"}


def test_roles_speak_at_the_papers_temperatures(engine: FakeEngine, stages: Stages, judge: Judge, task: Task) -> None:
    rows = rated_rows(task.criterion_names, 2)
    batch = Batch(rows, stages.judge(judge, rows))
    losses = stages.loss(judge, batch, groups("C", task.criterion_names))
    gradients = stages.gradient(judge, batch, losses, groups("C", task.criterion_names))
    stages.rewrite(judge, batch, gradients, groups("C", task.criterion_names))
    heat = {asked.stage: asked.request.config.temperature for asked in engine.asked}
    assert heat == {"judge": 0.1, "loss": 0.3, "gradient": 0.3, "rewrite": 0.7}


def named(text: str, task: Task) -> set[str]:
    """The criteria that a prompt names."""
    return {name for name in task.criterion_names if re.search(rf"\b{name}\b", text)}


def test_an_lm_failure_is_not_swallowed(judge: Judge, task: Task) -> None:
    class Broken(FakeEngine):
        def complete(self, request):  # type: ignore[no-untyped-def]
            raise dspy.lm15.AuthError("no")

    lm = fake_lm(Broken(), num_retries=0)
    stages = Stages.of(Roles.of(dict.fromkeys(("judge", "loss", "gradient", "rewrite", "rater"), lm)), Pool(2))
    with pytest.raises(dspy.LMError):
        stages.loss(judge, batch_of(task), groups("S", task.criterion_names))


def test_a_rewrite_prompt_ends_with_the_form_of_its_answer(
    engine: FakeEngine, stages: Stages, judge: Judge, task: Task
) -> None:
    gradients = [Note("gradient", "0", tuple(task.criterion_names), "about all")]
    stages.rewrite(judge, batch_of(task), gradients, groups("S", task.criterion_names))
    for asked in engine.of("rewrite"):
        assert asked.user.endswith('and what a text of 1, 2, 3, 4 and 5 is like>"}')
        assert len(named(asked.user.rpartition("</feedback>")[2], task)) == 1
