"""`--notes per-field`: a joint gradient call whose reply has a field for each criterion."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from programs.backends.roles import Roles
from programs.optimizer.cast import local_most
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.modes import groups
from programs.optimizer.per_field import with_fields
from programs.optimizer.stages import Batch, Stages
from programs.records.calls import CallLog
from programs.settings import ROLE_NAMES, Settings
from programs.tasks.task import Task
from signatures.records import Judgement, Note
from tests.fake import Asked, FakeEngine, fake_lm, fields_of, rated_rows


def stages_of(engine: FakeEngine, make: Callable[..., Stages], calls: CallLog | None = None) -> Stages:
    return make(Roles.of(dict.fromkeys(ROLE_NAMES, fake_lm(engine)), calls=calls), Pool(2), "auto")


def batch_of(task: Task, count: int = 2) -> Batch:
    rows = rated_rows(task.criterion_names, count)
    return Batch(rows, [Judgement(row["row_id"], dict.fromkeys(task.criterion_names, 2)) for row in rows])


def losses_of(batch: Batch, task: Task) -> list[Note]:
    return [Note("loss", judgement.row, tuple(task.criterion_names), "a critique") for judgement in batch.judgements]


def written(engine: FakeEngine, task: Task, make: Callable[..., Stages], letter: str) -> list[Note]:
    batch = batch_of(task)
    return stages_of(engine, make).gradient(
        Judge(task), batch, losses_of(batch, task), groups(letter, task.criterion_names)
    )


def test_one_joint_call_gives_each_criterion_its_own_note(task: Task) -> None:
    engine = FakeEngine()
    notes = written(engine, task, with_fields(Stages.of), "C")
    assert [note.group for note in notes] == [(name,) for name in task.criterion_names] * 2
    assert [note.row for note in notes] == ["0"] * 4 + ["1"] * 4
    assert all(note.text.startswith(f"{note.group[0]}: gradient") for note in notes)
    assert [tuple(fields_of(asked.request)) for asked in engine.of("gradient")] == [task.criterion_names] * 2
    assert all("text number" in asked.user and "a critique" in asked.user for asked in engine.asked)


def test_a_call_about_one_criterion_is_asked_as_ever(task: Task) -> None:
    asked = []
    for make in (Stages.of, with_fields(Stages.of)):
        engine = FakeEngine()
        assert len(written(engine, task, make, "S")) == 8
        asked.append(sorted((each.system, each.user, str(each.request.config)) for each in engine.asked))
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    "reply, told",
    [
        ('{"fluency":"Keep it, or: \\"say\\" why.","relevance":"Add', {"fluency"}),
        ('{"fluency":"Keep.","relevance":"Add.","coherence":"","consistency":7}', {"fluency", "relevance"}),
        ('{"relevance":"Add.","relevance":"Drop.","fluency":"Keep.', set()),
        ("I would keep it all.", set()),
    ],
)
def test_fields_that_are_cut_off_or_missing_leave_no_note(task: Task, reply: str, told: set[str]) -> None:
    engine = FakeEngine(reply=lambda asked: reply if asked.stage == "gradient" else None)
    notes = written(engine, task, with_fields(Stages.of), "C")
    assert {note.group for note in notes} == {(name,) for name in told}
    assert not any(note.text.startswith(('"', "{")) for note in notes)


def one_field(asked: Asked) -> str | None:
    """Half of a run's gradients say nothing of one criterion."""
    return '{"helpful": "Keep it."}' if asked.stage == "gradient" and len(asked.user) % 2 else None


def test_a_run_counts_what_is_missing_and_its_rewrites_see_whose_is_which(
    start: Callable[..., int], found: Callable[[str], dict[str, Any]], engine: FakeEngine, tmp_path: Path
) -> None:
    engine.reply = one_field
    assert start("--mode", "SCC", "--notes", "per-field", "--run", "fields") == 0
    summary = found("fields")
    steps = [json.loads(line) for line in (tmp_path / "runs" / "fields" / "steps.jsonl").read_text().splitlines()][1:]
    notes = [note for step in steps for note in step["gradients"]]
    asked = engine.of("gradient")
    halved = sum(len(each.user) % 2 for each in asked)
    assert 0 < halved < len(asked) == 8
    assert summary["remedies"]["notes"] == {"due": 16, "missing": halved}
    assert len(notes) == 16 - halved and all(len(note["group"]) == 1 for note in notes)
    assert summary["estimate"]["gradient"] == 8
    assert all("(helpful) " in each.user and "(helpful, polite)" not in each.user for each in engine.of("rewrite"))


def test_the_paraphrase_control_has_no_gradient_to_divide(
    start: Callable[..., int], found: Callable[[str], dict[str, Any]]
) -> None:
    flags = ["--mode", "CCC", "--control", "paraphrase", "--steps", "1", "--notes", "per-field"]
    assert start(*flags, "--run", "control") == 0
    summary = found("control")
    assert summary["estimate"]["gradient"] == 0 and "gradient" not in summary["calls"]
    assert "remedies" not in summary


def test_an_embedded_models_reply_may_hold_as_many_texts_as_a_rewrite() -> None:
    assert local_most(Settings(mode="SCC", notes="per-field"))["gradient"] == local_most(Settings())["rewrite"]
    assert local_most(Settings(mode="SSC", notes="per-field")) == local_most(Settings(mode="SCC"))


def test_a_misspelt_choice_is_one_line(start: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert start("--notes", "per-fild") == 2
    assert "did you mean 'per-field'" in capsys.readouterr().err
