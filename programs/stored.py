"""The settings of a run as its config.json holds them, and which of them it may be resumed with.

Imported before DSPy, as `programs.settings` is.
"""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

from programs.errors import UserError
from programs.settings import ROLE_NAMES, Settings

CHANGEABLE = {
    "threads", "retries", "timeout", "reuse", "save_prompts",
    "max_calls", "max_tokens", "max_minutes", "max_cost", "api_base",
    "rate_every", "rate_orders", "rate_logprobs",
    *(f"{role}_api_base" for role in ROLE_NAMES),
    "price_in", "price_out", *(f"{role}_price_{side}" for role in ROLE_NAMES for side in ("in", "out")),
}  # fmt: skip
"""Settings that a resumed run may have anew, since they do not change its results."""


def stored_settings(stored: Mapping[str, Any]) -> Settings:
    """The settings that a run's config.json holds; what this version does not know is left out.

    Raises TypeError for a value that a setting cannot have.
    """
    if not isinstance(stored, Mapping):
        raise TypeError("its settings are no table")
    known = {name: kinds for name, kinds in get_type_hints(Settings).items() if name in stored}
    for name, kinds in known.items():
        allowed = (*(get_args(kinds) or (kinds,)), *((int,) if kinds in (float, float | None) else ()))
        if type(stored[name]) not in allowed:
            raise TypeError(f"its {name} is {stored[name]!r}")
    return Settings(**{name: stored[name] for name in known})


def resumed(stored: Mapping[str, Any], given: Mapping[str, Any]) -> Settings:
    """The settings of a stopped run with the changeable ones given anew; any other difference is refused."""
    before = stored_settings(stored)
    for name, value in given.items():
        if name not in CHANGEABLE and getattr(before, name) != value:
            raise UserError(
                f"--{name.replace('_', '-')} {value} differs from the run's {getattr(before, name)}, which would "
                "change its results: leave the flag out to resume, or start a new run without --resume"
            )
    return Settings(**{**vars(before), **{name: value for name, value in given.items() if name in CHANGEABLE}})
