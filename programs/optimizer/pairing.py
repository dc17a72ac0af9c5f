"""What it takes to measure who shares a call: each criterion judged alone and beside each other one."""

from itertools import combinations

from programs.errors import UserError
from programs.optimizer.estimate import Plan
from programs.optimizer.heads import MEASURED
from programs.optimizer.turns import calls_a_row
from programs.settings import Settings
from signatures.records import Group


def prompts(names: Group) -> list[Group]:
    """The groups that are asked about, those of one first."""
    return [*((name,) for name in names), *combinations(names, 2)]


def pairing_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """The judge's calls at most: the gate's rows in each of these prompts."""
    asked = calls_a_row(prompts(plan.criteria), settings.order) * plan.gate_rows
    return {"judge": asked} if settings.judge == MEASURED else {}


def require_rows(settings: Settings) -> None:
    """Raises UserError where a run to be divided by measurement has no rows of a gate to measure on."""
    if settings.judge == MEASURED and (settings.gate, settings.keep) == ("none", "last"):
        raise UserError(
            "--judge clusters measures on validation rows: leave --gate none or --keep last out, or name the clusters"
        )
