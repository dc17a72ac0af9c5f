"""`--resolve`: the table of its ways."""

from programs.optimizer.resolving import WAYS
from programs.settings import RESOLVE


def test_the_flag_offers_what_the_table_has() -> None:
    assert tuple(WAYS) == RESOLVE
