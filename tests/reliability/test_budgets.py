"""The harness of budgets in small: optimize and score under a drawn limit."""

from tests.reliability.budgets import tries


def test_no_limit_is_exceeded_and_the_runs_own_count_is_the_servers() -> None:
    found = tries(2)
    assert {each.command for each in found} == {"optimize", "score"}
    assert not any(each.exceeded or each.told_wrongly for each in found)
