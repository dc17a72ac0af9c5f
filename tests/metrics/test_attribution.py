"""The forced choice: letters, logprobs, orders."""

import math
from typing import Any

import dspy
import pytest
from dspy.lm15 import TokenLogprob, TopLogprob

from metrics.attribution import attribution, averaged, orders, read_choice
from programs.backends.adapter import ProseAdapter
from signatures.attribution import GENERIC, option_names
from signatures.records import Criterion
from tests.fake import Asked, FakeEngine, fake_lm

CRITERIA = (Criterion("anger", 0, 3, description="How angry."), Criterion("joy", 0, 3, description="How happy."))
OPTIONS = option_names(CRITERIA)
LETTERS = {"A": "anger", "B": "joy", "C": GENERIC}


def ask(engine: FakeEngine, **options: Any) -> Any:
    with dspy.context(lm=fake_lm(engine, **options), adapter=ProseAdapter()):
        return attribution(dspy.Example(criteria=CRITERIA, order=OPTIONS), {"suggestion": "Count insults."})


def measured(asked: Asked) -> tuple[TokenLogprob, ...]:
    top = [TopLogprob(token=text, logprob=math.log(p)) for text, p in (("B", 0.5), (" B", 0.1), ("A", 0.2), ("x", 0.1))]
    return (TokenLogprob(token="B", logprob=math.log(0.5), top=tuple(top)),)


def test_the_prompt_ends_with_the_question_and_hides_nothing_of_the_options() -> None:
    engine = FakeEngine(reply=lambda asked: "B")
    assert ask(engine) == {"anger": 0.0, "joy": 1.0, GENERIC: 0.0}
    (asked,) = engine.of("rater")
    assert asked.system.endswith("A: anger. How angry.\nB: joy. How happy.\nC: none of these in particular")
    assert asked.user.endswith("Answer with one letter: A, B or C.")
    assert asked.request.config.logprobs == 20
    assert asked.request.config.max_tokens == 8


def test_probabilities_of_a_letters_spellings_add_up() -> None:
    found = ask(FakeEngine(reply=lambda asked: "B", logprobs=measured))
    assert found == pytest.approx({"anger": 0.25, "joy": 0.75, GENERIC: 0.0})


def test_an_lm_without_logprobs_is_not_asked_for_them() -> None:
    engine = FakeEngine(reply=lambda asked: "C) none")
    engine.supported_params = frozenset({"temperature", "max_tokens"})  # type: ignore[misc]
    assert ask(engine) == {"anger": 0.0, "joy": 0.0, GENERIC: 1.0}
    assert engine.asked[0].request.config.logprobs is None


def test_a_reasoning_model_keeps_its_tokens() -> None:
    engine = FakeEngine(reply=lambda asked: "B")
    with dspy.context(lm=dspy.LM("openai/o3-mini", engine=engine, cache=False), adapter=ProseAdapter()):
        attribution(dspy.Example(criteria=CRITERIA, order=OPTIONS), {"suggestion": "Count insults."})
    assert engine.asked[0].request.config.logprobs is None
    assert (engine.asked[0].request.config.max_tokens or 10**9) > 1000


@pytest.mark.parametrize(
    ("answer", "option"),
    [
        ("B", "joy"),
        (" B.", "joy"),
        ("**B**: joy", "joy"),
        ("B) rather than A", "joy"),
        ("The answer is C", GENERIC),
        ("A", "anger"),
        ("none", None),
        ("", None),
        ("D", None),
        ("It is B, not A", None),
        ("A or B?", None),
        ("Anger", None),
        ("A note about joy", None),
    ],
)
def test_a_reply_names_one_option_or_none(answer: str, option: str | None) -> None:
    found = read_choice(answer, (), LETTERS)
    assert (None if found is None else max(found, key=lambda name: found[name])) == option


def test_orders_and_their_reverses_give_every_option_the_same_place_on_average() -> None:
    for count in (2, 4, 6):
        places = [[order.index(option) for order in orders(OPTIONS, count)] for option in OPTIONS]
        assert {sum(each) for each in places} == {count * (len(OPTIONS) - 1) // 2}
    assert len(orders(OPTIONS, 3)) == 3


def test_a_rater_that_only_likes_a_letter_says_nothing_once_orders_are_averaged() -> None:
    found = averaged([read_choice("A", (), dict(zip("ABC", order, strict=True))) for order in orders(OPTIONS, 2)])
    assert found == pytest.approx({"anger": 0.4923, GENERIC: 0.4923, "joy": 0.0156}, abs=1e-3)
    assert averaged([None, None]) is None
    assert averaged([None, {"a": 0.2, "b": 0.8}]) == pytest.approx({"a": 0.2, "b": 0.8})
