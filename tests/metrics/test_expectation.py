"""The expected score: the right token, its alternatives, and when there is none to be had."""

import math
from collections.abc import Sequence

import pytest

from metrics.expectation import Chances, confidence, expected_score, level_chances
from metrics.logprobs import Token

SCALE = (0, 1, 2, 3)


def token(text: str, **chances: float) -> Token:
    """A token that was certain, or the likeliest of `chances`, whose names are `p` and the number."""
    if not chances:
        return {"token": text, "logprob": 0.0, "top_logprobs": []}
    top = [{"token": name[1:], "logprob": math.log(chance)} for name, chance in chances.items()]
    return {"token": text, "logprob": math.log(chances["p" + text]), "top_logprobs": top}


def reply(*tokens: Token | str) -> list[Token]:
    return [token(each) if isinstance(each, str) else each for each in tokens]


def expected(tokens: Sequence[Token], name: str, level: int, levels: Sequence[int]) -> float | None:
    chances = level_chances(tokens, name, level, levels)
    return None if chances is None else expected_score(chances)


JOINT = reply(
    '{"', "anger", '":', token("2", p2=0.5, p1=0.25, p3=0.25), ',"', "fear", '":', token("0", p0=0.9, p1=0.1), "}"
)


def test_it_is_the_mean_of_the_scale_under_the_probabilities_of_the_fields_own_token() -> None:
    assert expected(JOINT, "anger", 2, SCALE) == pytest.approx(2.0)
    assert expected(JOINT, "fear", 0, SCALE) == pytest.approx(0.1)


def test_what_is_no_level_is_left_out_and_the_rest_made_whole() -> None:
    tokens = reply('{"anger":', token("2", p2=0.4, p1=0.2, p7=0.2, pnull=0.2), "}")
    assert expected(tokens, "anger", 2, SCALE) == pytest.approx((2 * 0.4 + 1 * 0.2) / 0.6)


def test_spellings_of_one_level_add_up() -> None:
    top = [{"token": text, "logprob": math.log(chance)} for text, chance in ((" 2", 0.3), ("2", 0.3), (" 0", 0.3))]
    tokens = reply('{"anger":', {"token": " 2", "logprob": math.log(0.3), "top_logprobs": top}, "}")
    assert expected(tokens, "anger", 2, SCALE) == pytest.approx(2 * 0.6 / 0.9)


@pytest.mark.parametrize("before, after", [('{"anger": "', '"}'), ("[[ ## anger ## ]]\n", "\n[[ ## completed ## ]]")])
def test_it_is_found_in_every_adapters_form(before: str, after: str) -> None:
    tokens = reply(before, token("1", p1=0.5, p3=0.5), after)
    assert expected(tokens, "anger", 1, SCALE) == pytest.approx(2.0)


def test_a_digit_inside_the_text_or_of_another_field_is_not_taken_for_the_score() -> None:
    tokens = reply(
        token("3", p3=1.0), ' of 3: {"anger_2":', token("0", p0=1.0), ',"anger":', token("1", p1=0.5, p2=0.5), "}"
    )
    assert expected(tokens, "anger", 1, SCALE) == pytest.approx(1.5)


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param([], id="no logprobs"),
        pytest.param(reply('{"anger":', token("1", p1=1.0), '} {"anger":', token("2", p2=1.0), "}"), id="named twice"),
        pytest.param(reply('{"anger":', token("1", p1=1.0), "}"), id="another value"),
        pytest.param(reply('{"fear":', token("2", p2=1.0), "}"), id="another field"),
    ],
)
def test_where_the_token_cannot_be_known_there_is_no_expectation(tokens: Sequence[Token]) -> None:
    assert expected(tokens, "anger", 2, SCALE) is None


TEN = tuple(range(1, 11))


def test_a_token_that_may_begin_a_longer_number_is_not_read() -> None:
    """Tokenizers that write digits one by one begin a 10 as they write a 1."""
    assert expected(reply('{"a":', token("1", p1=0.9, p2=0.1), "0", "}"), "a", 10, TEN) is None
    assert expected(reply('{"a":', token("7", p7=0.6, p1=0.4), "}"), "a", 7, TEN) is None


def test_whole_numbers_are_read_where_the_tokenizer_has_them() -> None:
    assert expected(reply('{"a":', token("7", p7=0.5, p1=0.25, p10=0.25), "}"), "a", 7, TEN) == pytest.approx(6.25)
    assert expected(reply('{"a":', token("7", p7=0.5, p8=0.5), "}"), "a", 7, TEN) == pytest.approx(7.5)


def test_negative_levels_count() -> None:
    top = [{"token": text, "logprob": math.log(0.5)} for text in ("-1", "1")]
    tokens = reply('{"a":', {"token": "-1", "logprob": math.log(0.5), "top_logprobs": top}, "}")
    assert expected(tokens, "a", -1, (-1, 0, 1)) == pytest.approx(0.0)


def test_chances_cover_the_scale_and_sum_to_one() -> None:
    tokens = reply('{"anger":', token("2", p2=0.4, p1=0.2, p7=0.2, pnull=0.2), "}")
    assert level_chances(tokens, "anger", 2, SCALE) == pytest.approx({0: 0, 1: 1 / 3, 2: 2 / 3, 3: 0})


@pytest.mark.parametrize(
    ("chances", "score", "wanted"),
    [
        ({1: 0, 2: 1, 3: 0}, 2, 1),  # certain
        ({1: 1, 2: 0, 3: 0}, 3, 0),  # certain of the other end
        ({0: 0.3, 1: 0.7}, 1, 0.7),  # two levels: the score's probability
        ({1: 0.25, 2: 0.5, 3: 0.25}, 2, 1 - 0.5 / 2),
        ({1: 0.5, 2: 0, 3: 0.5}, 2, 0.5),  # an expectation that nothing is at
        ({-1: 0.5, 0: 0.5, 1: 0}, -0.5, 0.75),
    ],
)
def test_confidence_is_one_less_the_expected_distance_as_a_share_of_the_scale(
    chances: Chances, score: float, wanted: float
) -> None:
    assert confidence(chances, score) == pytest.approx(wanted)
