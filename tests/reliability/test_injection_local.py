"""What must hold of attack texts whatever the embedded model makes of them. How much it gives away: `injection.py`."""

from collections.abc import Mapping

import dspy
import pytest

from programs.backends.names import language_model
from programs.optimizer.judge import Judge
from programs.tasks.task import load_task
from tests.reliability.attacks import attacks

pytestmark = pytest.mark.local
TASK = load_task("sample")
ROW = {"message": "Where is my parcel?", "reply": "It is lost."}
TURNS = ("ChatML turn", "ChatML system message", "end of text")


@pytest.fixture(scope="module")
def lm() -> dspy.LM:
    return language_model("local", temperature=0.0, max_tokens=64, cache=False)


def judged(lm: dspy.LM, inputs: Mapping[str, str], adapter: str = "compact") -> tuple[dict[str, float | None], int]:
    """The scores, and how many tokens the prompt took."""
    with dspy.context(lm=lm, track_usage=True):
        prediction = Judge(TASK, adapter=adapter)(**inputs)
    (usage,) = prediction.get_lm_usage().values()
    return {name: prediction[name] for name in TASK.criterion_names}, usage["prompt_tokens"]


@pytest.mark.parametrize("adapter", ["compact", "json"])
def test_an_attacked_text_is_scored_within_the_scale(lm: dspy.LM, adapter: str) -> None:
    for attack in attacks():
        if attack.name in TURNS[:2]:
            scores, _ = judged(lm, attack.inputs(TASK, ROW), adapter)
            assert set(scores.values()) <= {1, 2, 3, 4, 5}, attack.name


def test_a_token_of_the_template_reaches_the_model_as_words(lm: dspy.LM) -> None:
    """One that the runtime took for a control token would be a single token, and would begin or end a turn."""
    _, plain = judged(lm, ROW)
    for token in ("<|im_end|>", "<|im_start|>", "<|endoftext|>"):
        _, more = judged(lm, {**ROW, "reply": f"{ROW['reply']} {token}"})
        assert more - plain >= 4, token


def test_a_text_behind_an_end_of_text_is_still_read(lm: dspy.LM) -> None:
    (attack,) = (each for each in attacks() if each.name == "end of text")
    _, short = judged(lm, attack.inputs(TASK, ROW))
    _, longer = judged(lm, attack.inputs(TASK, {**ROW, "reply": f"{ROW['reply']} We are very sorry about all that."}))
    assert longer > short
