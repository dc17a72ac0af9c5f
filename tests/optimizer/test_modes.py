import pytest

from programs.errors import UserError
from programs.optimizer.modes import MODES, groups, parse_mode


def test_the_five_modes_are_data() -> None:
    rows = {name: mode.judge + mode.loss + mode.gradient + mode.rewrite for name, mode in MODES.items()}
    assert rows == {"Single": "SSSS", "SSS": "CSSS", "SSC": "CSSC", "SCC": "CSCC", "CCC": "CCCC"}


@pytest.mark.parametrize(("text", "name"), [("ssc", "SSC"), ("SINGLE", "Single"), ("Ccc", "CCC")])
def test_case_does_not_matter(text: str, name: str) -> None:
    assert parse_mode(text).name == name


@pytest.mark.parametrize("text", ["CSS", "csc", "CCS", "SCS"])
def test_a_joint_stage_cannot_be_followed_by_a_separate_one(text: str) -> None:
    with pytest.raises(UserError, match="once a stage is joint") as raised:
        parse_mode(text)
    assert "\n" not in str(raised.value)


def test_an_unknown_mode_is_answered_with_a_suggestion() -> None:
    with pytest.raises(UserError, match="did you mean 'Single'"):
        parse_mode("singel")


def test_separate_and_joint_groups() -> None:
    assert groups("S", ["a", "b"]) == (("a",), ("b",))
    assert groups("C", ["a", "b"]) == (("a", "b"),)
