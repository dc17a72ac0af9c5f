"""The page's formulas are what the program estimates, and what it estimates is what it sends."""

from itertools import product

from programs.optimizer.estimate import Plan
from programs.optimizer.keep import most_finalists
from programs.optimizer.modes import MODES, groups
from tests.benchmarks.cost_formulas import BASE, LETTERS, ROLES, by_formula, counted, formulas


def test_the_pages_formulas_are_the_estimates() -> None:
    assert tuple(formulas()) == ROLES
    assert {mode.name: mode.judge + mode.loss + mode.gradient + mode.rewrite for mode in MODES.values()} == LETTERS
    for mode, criteria, steps, batch, (val, reserve), tested, every in product(
        MODES, (1, 4), (0, 1, 5), (1, 3), ((10, 0.5), (20, 0.0)), (7,), (0, 2)
    ):
        case = {"mode": mode, "K": criteria, "S": steps, "b": batch, "val": val, "reserve": reserve, "N": tested}
        reserved = int(val * reserve)
        names = tuple(map(str, range(criteria)))
        heads = len(groups(MODES[mode].judge, names))
        plan = Plan(MODES[mode], names, heads, steps, batch, val - reserved, reserved, tested, every)
        assert by_formula(case | {"E": every}) == plan.calls()
        assert min(3, steps + 1) == most_finalists(steps)


def test_a_run_sends_what_the_page_says() -> None:
    sent, planned = counted(BASE | {"mode": "SCC", "K": 2, "S": 2, "E": 1})
    assert sent == planned
