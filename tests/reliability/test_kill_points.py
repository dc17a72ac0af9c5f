"""A few kill points of one command; `python -m tests.reliability.kill_points` has many, of every command."""

from pathlib import Path

from tests.reliability.cases import CASES
from tests.reliability.kill_points import run


def test_after_kills_nothing_is_paid_for_twice_and_every_file_is_the_same(tmp_path: Path) -> None:
    tally = run(2, 0, [CASES["SCC, raters"]], tmp_path, latency=0.004)
    assert not tally.failures
    assert (tally.points, tally.twice, tally.files) == (2, 0, 0)
    assert tally.kills.total() >= 2
