"""A break in the optimizer's logic does not go unseen: two of them here, all in the harness of worlds."""

import pytest

from tests.world.checks import CHECKS, failed
from tests.world.mutations import MUTATIONS, missed


def test_the_optimizer_fails_no_check() -> None:
    assert failed() == set()


@pytest.mark.parametrize("name", ["the rewriter gets the neighbour's gradients", "the gate is inverted"])
def test_a_broken_optimizer_fails_the_checks_that_are_for_it(name: str) -> None:
    assert missed(name) == set()


def test_every_check_catches_something() -> None:
    assert {name for each in MUTATIONS.values() for name in each.caught_by} == set(CHECKS)
