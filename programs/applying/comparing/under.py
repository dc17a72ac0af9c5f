"""Under which settings each judge is asked: its run's, unless the person says otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from programs.applying.comparing.contestants import Contestant
from programs.optimizer.cast import role_place
from programs.settings import ROLE_NAMES, Settings

LM_FLAGS = ("lm", "api_base", "judge_lm", "judge_api_base", "judge_temperature", "threads", "retries", "reuse")


def settings_of(judges: Sequence[Contestant], flags: Mapping[str, Any], fallback: Settings) -> dict[str, Settings]:
    """Name -> settings. A saved judge is asked as the first run's judges are or, without a run, as `fallback` says.

    A run's judge keeps its run's seed, so that what the run has paid for is found again.
    """
    first = next((side.run.settings for side in judges if side.run is not None), fallback)
    saved = replace(first, seed=seed_of(judges, flags))
    return {side.name: _with(saved if side.run is None else side.run.settings, flags) for side in judges}


def seed_of(judges: Sequence[Contestant], flags: Mapping[str, Any]) -> int:
    """What is resampled with: the seed that is given, else the first run's."""
    own = next((side.run.settings.seed for side in judges if side.run is not None), 0)
    return int(flags.get("seed", own))


def of_judge_only(settings: Settings) -> Settings:
    """The judge's LM as that of all roles, since no other is needed; without the limits of a run that has ended."""
    name, base = role_place(settings, "judge")
    others = {f"{role}_{what}": None for role in ROLE_NAMES for what in ("lm", "api_base")}
    limits: dict[str, Any] = dict.fromkeys(("max_calls", "max_tokens", "max_minutes", "max_cost"))
    return replace(settings, **{**others, **limits, "lm": name, "api_base": base})


def _with(settings: Settings, flags: Mapping[str, Any]) -> Settings:
    given = {name: value for name, value in flags.items() if name in LM_FLAGS}
    own = of_judge_only(settings)
    if "lm" in given or "judge_lm" in given:  # another LM lives on another server
        own = replace(own, api_base=None)
    return of_judge_only(replace(own, **given))
