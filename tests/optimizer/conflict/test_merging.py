"""`--resolve merge`: one call, all gradients in, a text a criterion out, and none that loses its part."""

import json
from collections.abc import Sequence

import pytest

from programs.backends.roles import Roles
from programs.optimizer.batch import Batch
from programs.optimizer.cast import local_most
from programs.optimizer.conflict.merging import merged
from programs.optimizer.fan_out import Pool
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Moment, Search
from programs.optimizer.stages import Stages
from programs.records.tally import ROLES
from programs.settings import Settings
from programs.tasks.task import Task
from signatures.records import Judgement, Note
from tests.fake import FakeEngine, fake_lm, fields_of, rated_rows

NAMES = ("fluency", "relevance", "coherence", "consistency")
GRADIENTS = [
    Note("gradient", "0", ("fluency",), "Raise it for short texts."),
    Note("gradient", "1", ("fluency",), "Lower it for short texts."),
    Note("gradient", "1", ("relevance", "coherence"), "Look for a plan."),
]


def resolved(task: Task, gradients: Sequence[Note], reply: str | None) -> tuple[FakeEngine, Moment, list[Note]]:
    engine = FakeEngine(reply=lambda asked: reply)
    roles = Roles.of(dict.fromkeys(ROLES, fake_lm(engine)))
    pool = Pool(2, skipped=roles.calls.skip)
    rows = rated_rows(task.criterion_names, 2)
    batch = Batch(rows, [Judgement(row["row_id"], dict.fromkeys(NAMES, 2)) for row in rows])
    moment = Moment(Search(roles, pool, Stages.of(roles, pool), rows, 0), 1, Judge(task), batch, [])
    return engine, moment, merged(list(gradients), moment)


def test_all_gradients_go_in_and_a_text_for_each_criterion_comes_out(task: Task) -> None:
    said = {"fluency": "Raise it for short plain texts.", "relevance": "The topic.", "coherence": "A plan."}
    engine, moment, found = resolved(task, GRADIENTS, json.dumps(said))
    assert [(note.row, note.group, note.text) for note in found] == [("", (name,), said[name]) for name in said]
    assert moment.told["resolve"] == {"steps": 1, "given": 3, "due": 3, "merged": 3}
    (asked,) = engine.asked
    assert asked.stage == "condense"
    assert tuple(fields_of(asked.request)) == ("fluency", "relevance", "coherence")
    for words in (
        "- (fluency) Raise it for short texts.",
        "- (fluency) Lower it for short texts.",
        "- (relevance, coherence) Look for a plan.",
        "- fluency (1-5): fluency",
        "- coherence: Rate from 1 to 5.",
    ):
        assert f"{words}\n" in asked.user
    assert "consistency" not in asked.user
    assert asked.user.rpartition("\n")[2].startswith("Now write the merged feedback, without contradictions")
    assert '"relevance":"Keep <what works>. Add that signs of high relevance are' in asked.user


CUT = '{"fluency": "Raise it for short plain texts.", "relevance": "The top'
COPIED = json.dumps({"fluency": "Raise it for short plain texts.", "relevance": "Keep <what works>.", "coherence": " "})


@pytest.mark.parametrize("reply", [CUT, COPIED])
def test_a_criterion_whose_text_is_missing_keeps_its_gradients(reply: str, task: Task) -> None:
    _, moment, found = resolved(task, GRADIENTS, reply)
    assert [(note.row, note.group) for note in found] == [("", ("fluency",)), ("1", ("relevance", "coherence"))]
    assert moment.told["resolve"]["merged"] == 1


def test_a_part_of_a_joint_gradient_stays_for_whom_it_is_still_needed(task: Task) -> None:
    _, _, found = resolved(task, GRADIENTS, json.dumps({"fluency": "x y", "coherence": "A plan."}))
    assert [(note.row, note.group) for note in found] == [
        ("", ("fluency",)),
        ("", ("coherence",)),
        ("1", ("relevance",)),
    ]


@pytest.mark.parametrize("reply", ["", "I would not."])
def test_without_a_reply_the_gradients_stand_as_they_were_written(reply: str, task: Task) -> None:
    _, moment, found = resolved(task, GRADIENTS, reply)
    assert found == GRADIENTS
    assert moment.told["resolve"]["merged"] == 0


def test_nothing_to_merge_asks_nothing_and_the_planned_call_is_skipped(task: Task) -> None:
    engine, moment, found = resolved(task, [], None)
    assert found == engine.asked == []
    assert moment.search.roles.calls.summary()["condense"]["skipped"] == 1


def test_an_embedded_models_reply_may_hold_a_text_for_each_criterion() -> None:
    assert local_most(Settings(resolve="merge"))["condense"] == local_most(Settings())["rewrite"]
    assert local_most(Settings(resolve="pcgrad"))["condense"] < local_most(Settings())["rewrite"]
