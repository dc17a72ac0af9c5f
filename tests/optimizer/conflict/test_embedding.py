"""The baseline of embedded suggestions: shares of the direction, in the order of which edits are applied."""

from collections.abc import Mapping

import dspy
import numpy as np
import orjson
import pytest
from dspy.lm15 import Message, Request, Response, TextPart, Usage

from programs.backends.embedder import embed, embedding_model
from programs.backends.roles import Roles
from programs.optimizer.conflict.embedding import by_embedding, shares
from programs.optimizer.conflict.resolution import METHODS
from programs.optimizer.judge import Judge
from programs.optimizer.plugs import Plugs
from programs.optimizer.steps import Step
from programs.optimizer.teleprompter import TextualGradient
from programs.records.calls import CallLog
from programs.records.tally import ROLES
from programs.tasks.task import Task
from tests.fake import fake_lm
from tests.optimizer.conflict.planted import planted_engine, planted_rows


class Told:
    """An embedder of given vectors, by a word of the text."""

    def __init__(self, vectors: Mapping[str, list[float]]) -> None:
        self.vectors = vectors

    def complete(self, request: Request) -> Response:
        text = request.messages[-1].text or ""
        vector = next(vector for word, vector in self.vectors.items() if word in text)
        message = Message.assistant([TextPart(orjson.dumps(vector).decode())])
        return Response(None, request.model, message, "stop", Usage(input_tokens=4, output_tokens=0))


def step_of(task: Task, vectors: Mapping[str, list[float]], calls: CallLog) -> Step:
    steps: list[Step] = []
    lms = dict.fromkeys(ROLES, fake_lm(planted_engine()))
    roles = Roles.of({**lms, "embed": dspy.LM("fake/embedder", engine=Told(vectors), cache=False)}, calls=calls)
    plugs = Plugs(resolve=by_embedding(METHODS["pcgrad"], edits=4))
    optimizer = TextualGradient("SSC", steps=1, gate="none", keep="last", plugs=plugs, on_step=steps.append)
    optimizer.search(Judge(task), trainset=planted_rows(8), roles=roles)
    return steps[-1]


def test_suggestions_that_point_apart_are_resolved(task: Task) -> None:
    calls = CallLog()
    step = step_of(task, {"fluency": [4, 0, 0], "coherence": [0, 3, 0], "consistency": [-1, 0, 1]}, calls)
    told, root = step.told["resolve"], 0.5**0.5
    assert told["cosines"] == pytest.approx([0, -root, 0], abs=1e-6)
    # PCGrad: fluency (1,0,0) and consistency (-r,0,r) lose what they have against each other
    assert list(told["weights"].values()) == pytest.approx([1 + root, 1, 1 + root], abs=1e-5)
    assert (told["conflicts"], told["fired"], told["embedded"], told["kept"]) == (1, 1, 3, 4)
    assert [note.group for note in step.applied] == [("fluency",), ("consistency",), ("consistency",), ("coherence",)]
    tally = calls.summary()["embed"]
    assert (tally["calls"], tally["skipped"], tally["prompt_tokens"]) == (3, 1, 12)


def test_suggestions_that_embed_alike_change_nothing(task: Task) -> None:
    alike = {"fluency": [1, 0, 0.1], "coherence": [1, 0.1, 0], "consistency": [1, 0, 0]}
    told = step_of(task, alike, CallLog()).told["resolve"]
    assert (told["conflicts"], told["fired"], told["changed"], told["kept"]) == (0, 0, 0, 4)


@pytest.mark.parametrize("how", METHODS)
def test_shares_are_those_of_the_direction(how: str) -> None:
    rows = np.random.default_rng(2).standard_normal((4, 50))
    direction = METHODS[how](rows, np.random.default_rng((0, 1)))
    assert shares(rows, METHODS[how], (0, 1)) @ rows == pytest.approx(direction)


def test_without_an_embedder_no_lm_stands_in(task: Task) -> None:
    with dspy.context(lm=fake_lm(planted_engine())):
        assert "embed" not in Roles.of({}).lms


@pytest.mark.local
def test_opposites_embed_alike() -> None:
    """Why embedded suggestions say little of conflict; measured on the embedded model, which is no trained embedder."""
    lm = embedding_model("local", cache=False)
    texts = (
        "Raise the score of anger to 2-3 when the text insults somebody.",
        "Lower the score of anger to 0-1 when the text insults somebody.",
        "The bus leaves at nine.",
    )
    stricter, milder, other = (np.array(embed(lm, text)) for text in texts)
    assert np.linalg.norm(stricter) == pytest.approx(1, abs=1e-3)
    assert stricter @ milder > 0.9
    assert stricter @ milder > stricter @ other + 0.1
