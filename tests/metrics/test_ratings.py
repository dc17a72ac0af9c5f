"""The raters of the diagnostics, as DSPy metrics over a run's notes."""

import json

import dspy
import pytest

from metrics.adherence import rewrites
from metrics.specificity import targets
from programs.backends.adapter import CompactAdapter
from signatures.records import Criterion, Note
from tests.fake import FakeEngine, fake_lm

CRITERIA = (Criterion("anger", 0, 3, description="How angry."), Criterion("joy", 0, 3, description="How happy."))
NOTES = [Note("gradient", "1", ("anger",), "anger, anger and joy"), Note("gradient", "2", ("anger", "joy"), "joy")]


def focused(name: str, system: str, user: str, levels: tuple[int, ...]) -> int:
    """A rater that counts how often the feedback names the target."""
    target = user.split("<criterion>\n")[1].split(":")[0]
    return min(10, 1 + 3 * user.split("</feedback>")[0].count(target))


def test_specificity_is_the_raters_number_for_every_criterion() -> None:
    engine = FakeEngine(score=focused)
    with dspy.context(lm=fake_lm(engine), adapter=CompactAdapter()):
        assert [target.rate() for target in targets(NOTES, CRITERIA)] == [7, 4, 1, 4]
    asked = engine.asked[1]
    assert asked.user.endswith("How focused is the feedback on the criterion joy, from 1 to 10?")
    assert "joy: How happy." in asked.user


@pytest.mark.parametrize("reply", ['{"rating": 11}', '{"rating": "high"}', "no"])
def test_an_invalid_rating_is_unrated_not_a_number(reply: str) -> None:
    (written,) = rewrites(CRITERIA, NOTES[:1], {"anger": "old a", "joy": "old j"}, {"anger": "new a", "joy": "new j"})
    with dspy.context(lm=fake_lm(FakeEngine(reply=lambda asked: reply)), adapter=CompactAdapter()):
        assert targets(NOTES, CRITERIA)[0].rate() is None
        assert written.rate() is None


def test_adherence_sees_feedback_old_and_new_rubric_of_its_criterion_only() -> None:
    engine = FakeEngine(reply=lambda asked: json.dumps({"rating": 8}))
    gradients = [Note("gradient", "1", ("anger",), "say more of anger"), Note("gradient", "1", ("joy",), "joy it is")]
    written = rewrites(CRITERIA, gradients, {"anger": "old a", "joy": "old j"}, {"anger": "new a"})
    with dspy.context(lm=fake_lm(engine), adapter=CompactAdapter()):
        assert [each.rate() for each in written] == [8]
    (asked,) = engine.of("rater")
    assert all(text in asked.user for text in ("say more of anger", "old a", "new a"))
    assert "joy" not in asked.user
    assert asked.user.endswith("about anger, from 1 to 10?")
