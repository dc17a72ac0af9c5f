"""The raters of the diagnostics, as DSPy metrics over a run's notes."""

import json

import dspy
import pytest

from metrics.adherence import adherence, rewrites
from metrics.specificity import specificity, summary, targets
from programs.backends.adapter import CompactAdapter
from signatures.records import Criterion, Note
from tests.fake import FakeEngine, fake_lm

CRITERIA = (Criterion("anger", 0, 3, description="How angry."), Criterion("joy", 0, 3, description="How happy."))


def focused(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """A rater that counts how often the feedback names the target."""
    target = user.split("<criterion>\n")[1].split(":")[0]
    feedback = user.split("<feedback>\n")[1]
    return min(10, 1 + 3 * feedback.count(target))


def test_specificity_is_the_raters_number_for_the_target() -> None:
    with dspy.context(lm=fake_lm(FakeEngine(score=focused)), adapter=CompactAdapter()):
        example = dspy.Example(criterion="anger: How angry.")
        assert specificity(example, {"feedback": "anger, anger and joy"}) == 7
        assert specificity(example, {"feedback": "write better"}) == 1


@pytest.mark.parametrize("reply", ['{"rating": 11}', '{"rating": "high"}', "no"])
def test_an_invalid_rating_is_unrated_not_a_number(reply: str) -> None:
    with dspy.context(lm=fake_lm(FakeEngine(reply=lambda asked: reply)), adapter=CompactAdapter()):
        assert specificity(dspy.Example(criterion="anger"), {"feedback": "x"}) is None
        example = dspy.Example(criterion="a", feedback="f", old_rubric="o").with_inputs(
            "criterion", "feedback", "old_rubric"
        )
        assert adherence(example, {"new_rubric": "n"}) is None


def test_a_run_of_notes_gives_value_best_chance_and_counts() -> None:
    notes = [
        Note("gradient", "1", ("anger",), "anger anger anger"),
        Note("gradient", "2", ("anger", "joy"), "anger anger, and joy"),
    ]
    with dspy.context(lm=fake_lm(FakeEngine(score=focused)), adapter=CompactAdapter()):
        rated = [(target, target.rate()) for target in targets(notes, CRITERIA)]
    assert [rating for _, rating in rated] == [10, 1, 7, 4]
    table = summary(rated)
    assert table["anger"] == {"value": 8.5, "chance": None, "n": 2, "unrated": 0}
    assert table["joy"] == {"value": 4.0, "chance": 1.0, "n": 1, "unrated": 0}
    assert table["mean"] == {"value": 7.0, "chance": 1.0, "best": 8.5, "n": 3, "unrated": 0}
    assert summary([(target, None) for target, _ in rated])["mean"]["value"] is None


def test_adherence_sees_feedback_old_and_new_rubric_of_its_criterion_only() -> None:
    engine = FakeEngine(reply=lambda asked: json.dumps({"rating": 8}))
    gradients = [Note("gradient", "1", ("anger",), "say more of anger"), Note("gradient", "1", ("joy",), "joy it is")]
    pairs = rewrites(CRITERIA, gradients, {"anger": "old a", "joy": "old j"}, {"anger": "new a"})
    with dspy.context(lm=fake_lm(engine), adapter=CompactAdapter()):
        assert [adherence(example, prediction) for example, prediction in pairs] == [8]
    (asked,) = engine.of("rater")
    assert all(text in asked.user for text in ("say more of anger", "old a", "new a"))
    assert "joy" not in asked.user
