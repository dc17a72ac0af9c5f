"""Per-item agreement works in DSPy's own evaluator and optimizers, with feedback for each criterion."""

import json

import dspy
import pytest

from metrics.agreement import Agreement
from signatures.records import Criterion
from tests.fake import Asked, FakeEngine, fake_lm

CRITERIA = (Criterion("fluency", 1, 5), Criterion("anger", 0, 3))
AGREEMENT = Agreement(CRITERIA)


class Fluency(dspy.Signature):
    """Judge the fluency of the text."""

    text: str = dspy.InputField()
    fluency: int = dspy.OutputField()


class Anger(dspy.Signature):
    """Judge the anger of the text."""

    text: str = dspy.InputField()
    anger: int = dspy.OutputField()


class TwoHeads(dspy.Module):
    """A judge that asks for each criterion by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fluency = dspy.Predict(Fluency)
        self.anger = dspy.Predict(Anger)

    def forward(self, text: str) -> dspy.Prediction:
        return dspy.Prediction(**self.fluency(text=text), **self.anger(text=text))


def example(text: str = "a text", fluency: float = 3.3, anger: float = 0.0) -> dspy.Example:
    return dspy.Example(text=text, fluency=fluency, anger=anger).with_inputs("text")


def test_agreement_is_one_minus_the_distance_in_parts_of_the_scale() -> None:
    said = AGREEMENT(example(), dspy.Prediction(fluency=5, anger=0))
    assert said.objective_scores == pytest.approx({"fluency": 1 - 1.7 / 4, "anger": 1.0})
    assert float(said) == pytest.approx(1 - 1.7 / 8)
    assert float(AGREEMENT(example(fluency=1), dspy.Prediction(fluency=5, anger=3))) == 0


def test_feedback_names_criterion_both_scores_and_direction() -> None:
    lines = AGREEMENT(example(anger=2), dspy.Prediction(fluency=5, anger=1)).feedback.splitlines()
    assert lines == [
        "fluency: the judge says 5, the human raters 3.3: too high by 1.7 on a scale from 1 to 5.",
        "anger: the judge says 1, the human raters 2: too low by 1 on a scale from 0 to 3.",
    ]
    right = AGREEMENT(example(), dspy.Prediction(fluency=3, anger=0)).feedback
    assert "fluency: the judge says 3, the human raters 3.3: right." in right


@pytest.mark.parametrize("score", [None, "good", 6, 0, float("nan")])
def test_an_invalid_score_is_unscored_and_left_out_of_mean_and_objectives(score: object) -> None:
    said = AGREEMENT(example(), dspy.Prediction(fluency=score, anger=1))
    assert said.objective_scores == pytest.approx({"anger": 2 / 3})
    assert said.score == pytest.approx(2 / 3)
    assert "fluency: not scored (the reply holds no score from 1 to 5); the human raters say 3.3." in said.feedback


@pytest.mark.parametrize("nothing", [None, dspy.Prediction(), {}])
def test_an_item_with_nothing_scored_rewards_nothing(nothing: dspy.Prediction | None) -> None:
    said = AGREEMENT(example(), nothing)
    assert (said.score, said.objective_scores) == (0.0, {})
    assert said.feedback.count("not scored") == 2


def test_an_example_without_a_rating_is_an_error_not_a_score() -> None:
    with pytest.raises(KeyError):
        AGREEMENT(dspy.Example(text="a", fluency=2.0), dspy.Prediction(fluency=2, anger=0))


def test_a_goal_tells_few_shot_bootstrapping_which_items_are_good_enough() -> None:
    goal = Agreement(CRITERIA, goal=0.9)
    assert goal(example(), dspy.Prediction(fluency=3, anger=0), trace=[]) is True
    assert goal(example(), dspy.Prediction(fluency=5, anger=0), trace=[]) is False
    assert isinstance(goal(example(), dspy.Prediction(fluency=5, anger=0)), dspy.Prediction)
    assert isinstance(goal(example(), dspy.Prediction(fluency=5, anger=0), [], "fluency", None), dspy.Prediction)


def test_feedback_for_one_head_concerns_its_criteria_but_the_score_is_the_judgements() -> None:
    heads, whole = TwoHeads(), dspy.Prediction(fluency=5, anger=0)
    said = AGREEMENT(example(), whole, [], "anger", [(heads.anger, {"text": "a"}, whole)])
    assert said.feedback == "anger: the judge says 0, the human raters 0: right."
    assert said.score == AGREEMENT(example(), whole).score


def test_it_averages_in_dspy_evaluate() -> None:
    engine = FakeEngine(score=lambda name, system, user, levels: 3 if name == "fluency" else 0)
    rows = [example("a", 3, 0), example("b", 5, 0), example("c", 3, 3)]
    with dspy.context(lm=fake_lm(engine), adapter=dspy.JSONAdapter()):
        result = dspy.Evaluate(devset=rows, metric=AGREEMENT, num_threads=2)(TwoHeads())
    assert result.score == pytest.approx(100 * (1 + 0.75 + 0.5) / 3, abs=0.01)
    assert [float(score) for _, _, score in result.results] == [1, 0.75, 0.5]


def reflecting(asked: Asked) -> str | None:
    """Scores badly until the instruction has been rewritten; proposes the rewrite when asked for one."""
    if "new_instruction" in asked.system:
        return json.dumps({"new_instruction": "Judge anger strictly." if "anger" in asked.user else "Judge better."})
    if "anger" not in asked.system:
        return json.dumps({"fluency": 3})
    return json.dumps({"anger": 0 if "strictly" in asked.system else 3})


def test_gepa_optimizes_it_from_the_feedback_and_keeps_a_front_over_the_criteria() -> None:
    engine = FakeEngine(reply=reflecting)
    rows = [example(text, fluency, 0) for text, fluency in (("a", 3.3), ("b", 5), ("c", 3), ("d", 1))]
    optimizer = dspy.GEPA(
        metric=AGREEMENT, max_metric_calls=40, reflection_lm=fake_lm(engine), track_stats=True, num_threads=1, seed=0
    )
    with dspy.context(lm=fake_lm(engine), adapter=dspy.JSONAdapter()):
        compiled = optimizer.compile(TwoHeads(), trainset=rows, valset=rows)
    assert compiled.anger.signature.instructions == "Judge anger strictly."
    front = compiled.detailed_results.objective_pareto_front
    assert front == pytest.approx({"fluency": 1 - (0.3 + 2 + 0 + 2) / 16, "anger": 1.0})
    asked = [each.user for each in engine.asked if "new_instruction" in each.system]
    assert any("anger: the judge says 3, the human raters 0: too high by 3" in user for user in asked)
    assert not any("fluency: the judge" in user and "anger: the judge" in user for user in asked)
