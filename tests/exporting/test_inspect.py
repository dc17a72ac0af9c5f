"""The exported scorer in Inspect itself (skipped where inspect-ai is not installed: the extra `interop`)."""

import json
import math
import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dspy
import pytest

from programs.optimizer.judge import Judge
from tests.exporting.cases import ROWS, exported, judge, loaded, sent
from tests.fake import DoubtfulEngine, FakeEngine, fake_lm
from tests.stub_server import StubServer, stub_server

pytestmark = [
    pytest.mark.skipif(find_spec("inspect_ai") is None, reason="inspect-ai is not installed"),
    pytest.mark.filterwarnings("ignore"),  # third-party code
    pytest.mark.usefixtures("tidied"),
    pytest.mark.tools,
]


def half(asked: Any) -> str | None:
    """One row's reply is off a scale."""
    return '{"polite": 9, "severity": 1}' if ROWS[2]["reply"] in asked.user else None


def graded(module: Any, folder: Path, grader: Any) -> Any:
    """The log of an evaluation of ROWS, whose replies are what the model says; messages are the samples' inputs."""
    from inspect_ai import Task
    from inspect_ai import eval as evaluated
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def say(messages: Any, *_: Any) -> ModelOutput:
        output = ModelOutput.from_content("mockllm", replies[messages[-1].text])
        output.usage = ModelUsage()  # else it is counted with a table from the network
        return output

    replies = {row["message"]: row["reply"] for row in ROWS}
    samples = [Sample(input=row["message"], id=place) for place, row in enumerate(ROWS)]
    model = get_model("mockllm/model", custom_outputs=say, memoize=False)
    task = Task(dataset=samples, scorer=module.judge(model=grader))
    (log,) = evaluated(task, model=model, log_dir=str(folder), display="none", log_level="error", max_retries=0)
    assert log.status == "success", log.error
    return log


def on_stub(module: Any, folder: Path, server: StubServer) -> Any:
    from inspect_ai.model import get_model

    where = {"base_url": server.url, "api_key": "none", "memoize": False}
    return graded(module, folder, get_model("openai-api/stub/gpt-4o-mini", **where))


def judged(made: Judge, engine: FakeEngine) -> list[dict[str, Any]]:
    with dspy.context(lm=fake_lm(engine)):
        return [dict(made(**row).toDict()) for row in ROWS]


def scores_of(log: Any) -> list[dict[str, Any]]:
    values = [sample.scores["judge"].value for sample in sorted(log.samples, key=lambda sample: sample.id)]
    return [{name: None if math.isnan(score) else score for name, score in value.items()} for value in values]


@pytest.mark.parametrize("separate", [False, True])
def test_messages_parameters_and_scores_are_judgegrads(separate: bool, tmp_path: Path) -> None:
    made = judge(separate=separate)
    module = loaded(exported("inspect", made)[""])
    with stub_server(FakeEngine(reply=half)) as server:
        log = on_stub(module, tmp_path, server)
        asked = list(server.bodies)
        ours = sent(made, ROWS, server)
    for body in asked:
        assert body["response_format"]["json_schema"].pop("description", None) is None  # Inspect's own
    assert sorted(map(canonical, asked)) == sorted(map(canonical, ours))
    assert scores_of(log) == judged(made, FakeEngine(reply=half))
    assert scores_of(log)[2]["polite"] is None
    polite, _ = log.results.scores
    found = [scores["polite"] for scores in scores_of(log) if scores["polite"] is not None]
    assert (polite.scored_samples, polite.unscored_samples) == (len(found), len(ROWS) - len(found))
    assert polite.metrics["mean"].value == pytest.approx(sum(found) / len(found))


def canonical(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True)


def test_expectations_are_judgegrads(tmp_path: Path) -> None:
    from inspect_ai.model import (
        ChatCompletionChoice,
        ChatMessageAssistant,
        Logprob,
        Logprobs,
        ModelOutput,
        ModelUsage,
        TopLogprob,
        get_model,
    )

    made = judge(readout="expected")
    said = judged(judge(), DoubtfulEngine())
    configs = []

    def grade(messages: Any, tools: Any, choice: Any, config: Any) -> ModelOutput:
        configs.append(config)
        place = next(place for place, row in enumerate(ROWS) if texts_in(messages[-1].text, row))
        reply = json.dumps(said[place])
        tokens = []
        for text in re.findall(r"\d|\D+", reply):
            doubtful = text.isdigit()
            top = [TopLogprob(token=each, logprob=math.log(0.5)) for each in sorted({text, "1"})] if doubtful else None
            tokens.append(Logprob(token=text, logprob=math.log(0.5) if doubtful else 0.0, top_logprobs=top))
        message = ChatMessageAssistant(content=reply)
        answer = ChatCompletionChoice(message=message, stop_reason="stop", logprobs=Logprobs(content=tokens))
        return ModelOutput(model="grader", choices=[answer], usage=ModelUsage())

    module = loaded(exported("inspect", made)[""])
    grader = get_model("mockllm/grader", custom_outputs=grade, memoize=False)
    found = scores_of(graded(module, tmp_path, grader))
    assert found == judged(made, DoubtfulEngine())
    assert any(score != round(score) for scores in found for score in scores.values())
    assert {(config.logprobs, config.top_logprobs) for config in configs} == {(True, 20)}


def texts_in(message: str, row: dict[str, str]) -> bool:
    from programs.backends.adapter import block

    return all(block(name, text, list(row)) in message for name, text in row.items())


def test_texts_come_from_metadata_first() -> None:
    module = loaded(exported("inspect", judge())[""])

    output = SimpleNamespace(completion="of the model")
    state = SimpleNamespace(metadata={"message": "of the metadata"}, input_text="of the sample", output=output)
    assert module.row_of(state) == {"message": "of the metadata", "reply": "of the model"}
    state.metadata = {}
    assert module.row_of(state) == {"message": "of the sample", "reply": "of the model"}
    module.INPUTS = ("message", "context", "reply")
    with pytest.raises(ValueError, match="metadata lack context"):
        module.row_of(state)
