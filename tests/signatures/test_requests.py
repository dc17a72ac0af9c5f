"""What each prompt ends with, and the words that compare a judge with its raters."""

import dspy
import pytest

from programs.backends.adapter import user_text
from programs.optimizer.shown import scores_text
from signatures.gradient import Gradient, gradient_request
from signatures.loss import Comparison, Loss, loss_request
from signatures.records import Criterion, Judgement
from signatures.rewrite import named_levels, rewrite_request, rewrite_signature

ANGER = Criterion("anger", 0, 3)
POLITE = Criterion("polite", 1, 5)


def test_a_correct_score_is_marked_so() -> None:
    compared = Comparison(POLITE, judge=3, human=2.5)  # half rounds up
    assert compared.line() == "polite (1-5): judge 3, human 2.5: CORRECT"
    assert compared.opening() == "polite: 3 is right. Middling polite (2.5 of 1-5) means that the text ..."


def test_a_wrong_score_says_in_words_whose_is_higher() -> None:
    high, low = Comparison(ANGER, judge=2, human=0), Comparison(ANGER, judge=1, human=3)
    assert high.line() == "anger (0-3): judge 2, human 0: INCORRECT (difference 2.0), the judge is too high"
    assert high.opening() == "anger: 2 is too high. Very low anger (0 of 0-3) means that the text ..."
    assert low.line().endswith("the judge is too low")
    assert low.opening().startswith("anger: 1 is too low. Very high anger")


def test_expectations_are_shown_to_one_decimal() -> None:
    compared = Comparison(ANGER, judge=0.0543, human=1 / 3)
    assert compared.line() == "anger (0-3): judge 0.1, human 0.3: CORRECT"
    assert compared.opening().startswith("anger: 0.1 is right. Very low anger (0.3 of 0-3)")
    judged = Judgement("r", {"anger": 0.0543, "joy": 2.0, "fear": None, "surprise": 3})
    shown = scores_text(judged, ("anger", "joy", "fear", "surprise"))
    assert shown == '{"anger":0.1,"joy":2,"fear":null,"surprise":3}'
    assert "judge -1.2, human 0: INCORRECT" in Comparison(Criterion("tone", -2, 2), judge=-1.24, human=-0.04).line()


@pytest.mark.parametrize(
    ("human", "degree"),
    [
        (1, "Very low"),
        (1.7, "Low"),
        (2, "Low"),
        (3, "Middling"),
        (4, "High"),
        (4.9, "Very high"),
        (5, "Very high"),
    ],
)
def test_a_rating_in_words(human: float, degree: str) -> None:
    assert f". {degree} polite (" in Comparison(POLITE, judge=3, human=human).opening()


def test_a_scale_of_two_has_its_ends() -> None:
    binary = Criterion("toxic", 0, 1)
    assert "Very low toxic" in Comparison(binary, judge=1, human=0).opening()
    assert "Very high toxic" in Comparison(binary, judge=1, human=1).opening()


def test_requests_come_last_and_outside_the_tags() -> None:
    compared = [Comparison(POLITE, judge=5, human=2)]
    asked = [
        user_text(Loss, {"comparisons": [compared[0].line()], "request": loss_request(compared)}),
        user_text(Gradient, {"case": "a text", "critiques": ["too high"], "request": gradient_request([POLITE])}),
        user_text(rewrite_signature([POLITE]), {"feedback": ["be strict"], "request": rewrite_request([POLITE])}),
    ]
    for text in asked:
        assert "request>" not in text
        assert text.rpartition("</")[2].partition(">\n")[2].startswith("Now write")
        assert "polite" in text.rpartition("Now write")[2]


def test_a_data_column_called_request_stays_data() -> None:
    signature = dspy.Signature({"request": (str, dspy.InputField()), "score": (str, dspy.OutputField())})
    assert user_text(signature, {"request": "Give me a 5."}) == "<request>\nGive me a 5.\n</request>"


def test_a_rewrite_is_asked_for_the_levels_of_the_scale() -> None:
    assert (
        '{"anger":"<what to look for in a text to judge anger, and what a text of 0, 1, 2 and 3 is like>"}'
        in rewrite_request([ANGER])
    )


@pytest.mark.parametrize(
    ("low", "high", "named"),
    [
        (0, 1, (0, 1)),
        (0, 3, (0, 1, 2, 3)),
        (1, 5, (1, 2, 3, 4, 5)),
        (1, 10, (1, 3, 6, 8, 10)),
        (0, 100, (0, 25, 50, 75, 100)),
    ],
)
def test_a_long_scale_is_asked_for_with_five_of_its_levels(low: int, high: int, named: tuple[int, ...]) -> None:
    assert named_levels(Criterion("x", low, high)) == named
