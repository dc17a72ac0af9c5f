"""`--resolve`: which gradients the rewrite follows. One table, a line a way, each with the calls that it may add."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from programs.optimizer.conflict.ways import EQUATIONS, by_equation, by_merging, equation_calls, merging_calls
from programs.optimizer.estimate import Plan
from programs.optimizer.plugs import Resolve, as_they_are
from programs.optimizer.router import router, router_calls
from programs.settings import Settings


def no_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """Of a way that asks nothing."""
    return {}


@dataclass(frozen=True)
class Way:
    """How gradients are resolved under some settings, and what it may ask beside the paper's calls, at most, by role.

    `most_calls` is asked of runs with gradients only (see `resolving_calls`).
    """

    plug: Callable[[Settings], Resolve]
    most_calls: Callable[[Settings, Plan], dict[str, int]] = no_calls


WAYS: Mapping[str, Way] = {
    "none": Way(lambda settings: as_they_are),
    "router": Way(router, router_calls),
    **dict.fromkeys(EQUATIONS, Way(by_equation, equation_calls)),
    "merge": Way(by_merging, merging_calls),
}
"""The choices of `--resolve` (`programs.settings.RESOLVE`)."""


def resolve_of(settings: Settings) -> Resolve:
    """What the settings put in the loop's place."""
    return WAYS[settings.resolve].plug(settings)


def resolving_calls(settings: Settings, plan: Plan) -> dict[str, int]:
    """The most calls that it may add to a run; without gradients there is nothing to resolve."""
    return {} if settings.control == "paraphrase" else WAYS[settings.resolve].most_calls(settings, plan)
