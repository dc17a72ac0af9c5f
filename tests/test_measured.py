"""Measured figures are kept as they were found, and a target that does not hold is no success."""

import json
from pathlib import Path

import pytest

from tests.measured import KEPT, Figure, keep

GOOD = Figure("kill points survived", "50 of 50", "all", True)
BAD = Figure("seconds to the first call", "2.1", "at most 1.5", False)


def test_figures_are_kept_and_their_exit_code_says_whether_all_hold(tmp_path: Path) -> None:
    assert keep("kill", "reliability", 1, "python -m kill", [GOOD], tmp_path) == 0
    assert keep("start", "speed", 6, "python -m start", [GOOD, BAD], tmp_path) == 1
    kept = json.loads((tmp_path / "start.json").read_text("utf-8"))
    assert [figure["holds"] for figure in kept["figures"]] == [True, False]
    assert (kept["group"], kept["point"], kept["command"]) == ("speed", 6, "python -m start")


def test_an_unknown_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="group must be one of"):
        keep("kill", "fun", 1, "python -m kill", [GOOD], tmp_path)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_a_kept_file_names_a_command_that_exists(path: Path) -> None:
    """`python -m MODULE ...` or `python FILE ...`."""
    words = json.loads(path.read_text("utf-8"))["command"].split()
    assert words[0] == "python"
    place = words[2].replace(".", "/") + ".py" if words[1] == "-m" else words[1]
    assert (KEPT.parents[1] / place).is_file()
